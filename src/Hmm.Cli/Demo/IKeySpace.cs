// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Demo;

/// <summary>
/// 64-bit keys that may be more than a span can hold. Implemented by structs: calls inline.
/// </summary>
internal interface IKeySpace
{
    /// <summary>How many keys.</summary>
    long Count { get; }

    /// <summary>A window on them.</summary>
    Span<ulong> Window(long start, int count);
}
