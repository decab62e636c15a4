// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>StopTrace.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct StopTraceRequest
{
    /// <summary>The size on the wire: 24 bytes.</summary>
    public const int StructBytes = 24;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>
    /// How many accesses the application made since the last mark, hits included, which only it knows; 0: unknown.
    /// </summary>
    [FieldOffset(16)]
    public ulong Accesses;
}
