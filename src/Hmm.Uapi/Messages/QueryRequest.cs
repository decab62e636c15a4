// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>Query.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct QueryRequest
{
    /// <summary>The size on the wire: 32 bytes.</summary>
    public const int StructBytes = 32;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>What to list.</summary>
    [FieldOffset(16)]
    public QueryKind Kind;

    /// <summary>Zero.</summary>
    [FieldOffset(20)]
    public uint Reserved;

    /// <summary>0 at first, then what the last reply returned.</summary>
    [FieldOffset(24)]
    public ulong Cursor;
}
