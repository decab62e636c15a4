// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Core.Policies;

namespace Hmm.Host.Tracing;

/// <summary>
/// One record, as it lies in the file: little-endian, 24 bytes. <c>docs/reference/trace-format.md</c> describes it.
/// </summary>
/// <param name="Page">The range in the upper 24 bits, the number of the first page in the lower 40.</param>
/// <param name="When">Flags in the upper 8 bits, the kind in the next 8, nanoseconds in the lower 48.</param>
/// <param name="Count">How many pages; Advised: the advice.</param>
/// <param name="Thread">The thread that faulted, as its application numbers it; 0: unknown or none.</param>
[StructLayout(LayoutKind.Sequential, Size = SizeBytes)]
internal readonly record struct TraceRecord(ulong Page, ulong When, uint Count, uint Thread)
{
    /// <summary>Its size: 24 bytes.</summary>
    public const int SizeBytes = 24;

    /// <summary>The longest recording: 2^48 ns are 78 hours. Later records all have this time.</summary>
    public const ulong TimeNsMax = (1UL << TimeBits) - 1;

    private const int TimeBits = 48;
    private const int FlagsShift = 56;

    /// <summary>Makes a record.</summary>
    public TraceRecord(TraceKind kind, TraceFlags flags, ulong timeNs, ulong page, uint count, uint thread)
        : this(
            page,
            ((ulong)flags << FlagsShift) | ((ulong)kind << TimeBits) | Math.Min(timeNs, TimeNsMax),
            count,
            thread)
    {
    }

    /// <summary>What it tells.</summary>
    public TraceKind Kind => (TraceKind)(byte)(When >> TimeBits);

    /// <summary>What else.</summary>
    public TraceFlags Flags => (TraceFlags)(When >> FlagsShift);

    /// <summary>When it happened, since the recording began.</summary>
    public ulong TimeNs => When & TimeNsMax;

    /// <summary>The first page.</summary>
    public PageToken First => new(Page);
}
