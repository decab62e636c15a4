// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>The answer to Checkpoint: it is durable.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct CheckpointReply
{
    /// <summary>The size on the wire: 40 bytes.</summary>
    public const int StructBytes = 40;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public ReplyHeader Header;

    /// <summary>The checkpoint's number; rising.</summary>
    [FieldOffset(24)]
    public ulong Sequence;

    /// <summary>How many pages of 4096 bytes it changed.</summary>
    [FieldOffset(32)]
    public ulong PagesWritten;
}
