// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>StartTrace: comes with one descriptor, the file to write, which is empty.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct StartTraceRequest
{
    /// <summary>The size on the wire: 24 bytes.</summary>
    public const int StructBytes = 24;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>What to see.</summary>
    [FieldOffset(16)]
    public TraceMode Mode;

    /// <summary>Zero.</summary>
    [FieldOffset(20)]
    public uint Reserved;
}
