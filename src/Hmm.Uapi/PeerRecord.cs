// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi;

/// <summary>The way from one device to another. Page counts are in units of 4096 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct PeerRecord
{
    /// <summary>The size on the wire: 152 bytes.</summary>
    public const int StructBytes = 152;

    /// <summary>Pages that went this way as they were kept.</summary>
    [FieldOffset(0)]
    public ulong DirectPages;

    /// <summary>Pages that went this way through a bounce buffer.</summary>
    [FieldOffset(8)]
    public ulong BouncedPages;

    /// <summary>How far it is, in steps through the machine; -1: pages do not go this way.</summary>
    [FieldOffset(16)]
    public int Distance;

    /// <summary>How pages go.</summary>
    [FieldOffset(20)]
    public PeerMapType Type;

    /// <summary>The device that they come from.</summary>
    [FieldOffset(24)]
    public FixedName From;

    /// <summary>The device that they go to.</summary>
    [FieldOffset(88)]
    public FixedName To;
}
