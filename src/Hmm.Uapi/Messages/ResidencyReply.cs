// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>The answer to Residency: the cells follow.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct ResidencyReply
{
    /// <summary>The size on the wire: 32 bytes.</summary>
    public const int StructBytes = 32;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public ReplyHeader Header;

    /// <summary>How many cells follow: what was asked for.</summary>
    [FieldOffset(24)]
    public uint CellCount;

    /// <summary>Zero.</summary>
    [FieldOffset(28)]
    public uint Reserved;
}
