// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>The answer to ReadModules: whole lines of UTF-8 follow.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct ReadModulesReply
{
    /// <summary>The size on the wire: 40 bytes.</summary>
    public const int StructBytes = 40;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public ReplyHeader Header;

    /// <summary>What to ask with next; 0 when this was the end.</summary>
    [FieldOffset(24)]
    public ulong NextCursor;

    /// <summary>How many bytes of text follow.</summary>
    [FieldOffset(32)]
    public uint TextBytes;

    /// <summary>Zero.</summary>
    [FieldOffset(36)]
    public uint Reserved;
}
