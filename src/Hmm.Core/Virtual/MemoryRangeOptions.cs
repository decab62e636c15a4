// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;

namespace Hmm.Core.Virtual;

/// <summary>
/// What a new range is made of. The caller has checked the application's values; the core checks
/// its own.
/// </summary>
internal sealed record MemoryRangeOptions
{
    /// <summary>What people call it.</summary>
    public required string Name { get; init; }

    /// <summary>What stands behind its pages.</summary>
    public required RangeKind Kind { get; init; }

    /// <summary>Its first address, a multiple of the page size.</summary>
    public required ulong BaseAddress { get; init; }

    /// <summary>Its length in pages, at least 1, less than 2^40.</summary>
    public required long PageCount { get; init; }

    /// <summary>log2 of the page size, 12 to 21; default 12.</summary>
    public int PageShift { get; init; } = 12;

    /// <summary>The DRAM that other ranges cannot take from it, in frames; default 0, none.</summary>
    public long MinFrames { get; init; }

    /// <summary>The DRAM that it should not go beyond, in frames; default 0, no limit.</summary>
    public long MaxFrames { get; init; }

    /// <summary>What becomes of a thread whose page cannot be had.</summary>
    public ErrorPolicy ErrorPolicy { get; init; }

    /// <summary>Zeroed memory of <see cref="PageTable.SizeBytes"/> bytes that outlives the range.</summary>
    public required nint TableMemory { get; init; }

    /// <summary>The mapped file's frames; required for file ranges, null for anonymous ones.</summary>
    public HomeFrames? Home { get; init; }

    /// <summary>Where the dirty pages of a persistent range go, and nowhere else; null for all others.</summary>
    public DeviceMemory? Store { get; init; }
}
