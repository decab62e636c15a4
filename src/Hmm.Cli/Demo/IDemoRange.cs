// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Cli.Demo;

/// <summary>
/// What the demo needs of a range. The real one is <see cref="HostedRange"/>; tests use plain
/// memory, so that they can break a byte and see that the demo notices.
/// </summary>
internal interface IDemoRange
{
    /// <summary>The length in bytes.</summary>
    long LengthBytes { get; }

    /// <summary>
    /// DRAM that the kernel counts for the range now, in bytes. Callable from any thread.
    /// </summary>
    ulong ResidentBytes { get; }

    /// <summary>The host's counters now. Callable from any thread.</summary>
    Statistics Statistics { get; }

    /// <summary>A window on the range.</summary>
    Span<byte> Span(long start, int length);

    /// <summary>
    /// Where the pages are, in <paramref name="cells"/> equal parts. Callable from any thread.
    /// </summary>
    ResidencyCell[] Residency(int cells);
}
