// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Demo;

/// <summary>What the demo needs besides of a range that outlives its host.</summary>
internal interface IPersistentDemoRange : IDemoRange
{
    /// <summary>Makes what the range holds durable.</summary>
    void Checkpoint();

    /// <summary>Ends the range and its host, and opens it by its name from another host.</summary>
    void Reopen();
}
