// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi;

/// <summary>One page map, or one span of it.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct PageMapRecord
{
    /// <summary>The size on the wire: 184 bytes.</summary>
    public const int StructBytes = 184;

    /// <summary>The first byte's physical address.</summary>
    [FieldOffset(0)]
    public ulong Start;

    /// <summary>Its length in bytes.</summary>
    [FieldOffset(8)]
    public ulong LengthBytes;

    /// <summary>Frames in use.</summary>
    [FieldOffset(16)]
    public ulong FramesUsed;

    /// <summary>Frames free.</summary>
    [FieldOffset(24)]
    public ulong FramesFree;

    /// <summary>Frames that more than one reference holds.</summary>
    [FieldOffset(32)]
    public ulong FramesPinned;

    /// <summary>Lifetime references.</summary>
    [FieldOffset(40)]
    public ulong References;

    /// <summary>Its type.</summary>
    [FieldOffset(48)]
    public PageMapType Type;

    /// <summary>Where it is in its life.</summary>
    [FieldOffset(52)]
    public LifetimeState State;

    /// <summary>The device it belongs to.</summary>
    [FieldOffset(56)]
    public FixedName Device;

    /// <summary>The owner's tag.</summary>
    [FieldOffset(120)]
    public FixedName Owner;
}
