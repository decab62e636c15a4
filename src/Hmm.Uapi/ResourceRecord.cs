// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi;

/// <summary>One node of the resource tree.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct ResourceRecord
{
    /// <summary>The size on the wire: 88 bytes.</summary>
    public const int StructBytes = 88;

    /// <summary>The first byte's physical address.</summary>
    [FieldOffset(0)]
    public ulong Start;

    /// <summary>Its length in bytes.</summary>
    [FieldOffset(8)]
    public ulong LengthBytes;

    /// <summary>What it is.</summary>
    [FieldOffset(16)]
    public ResourceKind Kind;

    /// <summary>How deep it is nested; 0 at the top.</summary>
    [FieldOffset(20)]
    public uint Depth;

    /// <summary>Its name.</summary>
    [FieldOffset(24)]
    public FixedName Name;
}
