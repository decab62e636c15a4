// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi;

/// <summary>Where one page is.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct PageDescription
{
    /// <summary>The size on the wire: 112 bytes.</summary>
    public const int StructBytes = 112;

    /// <summary>The range.</summary>
    [FieldOffset(0)]
    public ulong RangeId;

    /// <summary>The page.</summary>
    [FieldOffset(8)]
    public ulong Page;

    /// <summary>The application's address of its first byte.</summary>
    [FieldOffset(16)]
    public ulong Address;

    /// <summary>The frame in device memory that holds it, or ulong.MaxValue if none.</summary>
    [FieldOffset(24)]
    public ulong Pfn;

    /// <summary>Its state.</summary>
    [FieldOffset(32)]
    public PageStateCode State;

    /// <summary>How often it is pinned.</summary>
    [FieldOffset(36)]
    public uint Pins;

    /// <summary>Why it is poisoned; otherwise 0.</summary>
    [FieldOffset(40)]
    public Errno Error;

    /// <summary>log2 of its size in bytes.</summary>
    [FieldOffset(44)]
    public uint PageShift;

    /// <summary>The device of the frame, or the empty name.</summary>
    [FieldOffset(48)]
    public FixedName Device;
}
