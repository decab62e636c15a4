// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>The answer to CreateRange.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct CreateRangeReply
{
    /// <summary>The size on the wire: 32 bytes.</summary>
    public const int StructBytes = 32;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public ReplyHeader Header;

    /// <summary>The range's number in this session; never 0, never used again.</summary>
    [FieldOffset(24)]
    public ulong RangeId;
}
