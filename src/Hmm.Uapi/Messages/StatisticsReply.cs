// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>The answer to Statistics.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct StatisticsReply
{
    /// <summary>The size on the wire: 184 bytes.</summary>
    public const int StructBytes = 184;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public ReplyHeader Header;

    /// <summary>The counters.</summary>
    [FieldOffset(24)]
    public Statistics Statistics;
}
