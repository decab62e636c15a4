// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>The answer to StopTrace: the file is complete.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct StopTraceReply
{
    /// <summary>The size on the wire: 48 bytes.</summary>
    public const int StructBytes = 48;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public ReplyHeader Header;

    /// <summary>How many records it holds.</summary>
    [FieldOffset(24)]
    public ulong Records;

    /// <summary>How many records were dropped, since the disk was slower than the faults.</summary>
    [FieldOffset(32)]
    public ulong Dropped;

    /// <summary>How long the file is.</summary>
    [FieldOffset(40)]
    public ulong FileBytes;
}
