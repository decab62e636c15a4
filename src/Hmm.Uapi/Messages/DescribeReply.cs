// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>The answer to Describe.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct DescribeReply
{
    /// <summary>The size on the wire: 136 bytes.</summary>
    public const int StructBytes = 136;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public ReplyHeader Header;

    /// <summary>The page.</summary>
    [FieldOffset(24)]
    public PageDescription Page;
}
