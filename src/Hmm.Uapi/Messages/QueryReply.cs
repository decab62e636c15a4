// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>The answer to Query: records of the kind's type follow.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct QueryReply
{
    /// <summary>The size on the wire: 40 bytes.</summary>
    public const int StructBytes = 40;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public ReplyHeader Header;

    /// <summary>What to ask with next; 0 when this was the end.</summary>
    [FieldOffset(24)]
    public ulong NextCursor;

    /// <summary>How many records follow.</summary>
    [FieldOffset(32)]
    public uint RecordCount;

    /// <summary>The size of each, in bytes.</summary>
    [FieldOffset(36)]
    public uint RecordBytes;
}
