// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Demo;

/// <summary>What the demo does, in order.</summary>
internal enum DemoPhase
{
    /// <summary>
    /// Files are read from disk into the range, and their SHA-256 is taken on the way.
    /// </summary>
    Load,

    /// <summary>A persistent range is made durable.</summary>
    Checkpoint,

    /// <summary>The host of a persistent range ends, and another one opens it by its name.</summary>
    Reopen,

    /// <summary>
    /// Every file is read from the range in random order, and its SHA-256 compared.
    /// </summary>
    Check,

    /// <summary>The whole range is sorted in place as 64-bit keys.</summary>
    Sort,

    /// <summary>Order and digest of the keys are checked.</summary>
    Verify,
}
