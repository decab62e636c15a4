// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi;

/// <summary>
/// One cell of a residency map: shares of its pages, 0 only for none and 255 only for all.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct ResidencyCell
{
    /// <summary>The size on the wire: 4 bytes.</summary>
    public const int StructBytes = 4;

    /// <summary>In DRAM.</summary>
    [FieldOffset(0)]
    public byte Resident;

    /// <summary>In DRAM and written.</summary>
    [FieldOffset(1)]
    public byte Dirty;

    /// <summary>Held by a device and not in DRAM.</summary>
    [FieldOffset(2)]
    public byte OnDevice;

    /// <summary>What at least one page is.</summary>
    [FieldOffset(3)]
    public CellMarks Marks;
}
