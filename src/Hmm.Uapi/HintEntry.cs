// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi;

/// <summary>One hint in a hint ring.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct HintEntry
{
    /// <summary>The size in the ring: 32 bytes, so that none crosses a cache line.</summary>
    public const int StructBytes = 32;

    /// <summary>The range.</summary>
    [FieldOffset(0)]
    public ulong RangeId;

    /// <summary>The first page.</summary>
    [FieldOffset(8)]
    public ulong FirstPage;

    /// <summary>How many pages; at least 1.</summary>
    [FieldOffset(16)]
    public ulong PageCount;

    /// <summary>What is promised.</summary>
    [FieldOffset(24)]
    public HintKind Kind;

    /// <summary>Zero.</summary>
    [FieldOffset(28)]
    public uint Reserved;
}
