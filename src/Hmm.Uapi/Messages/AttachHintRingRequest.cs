// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>AttachHintRing: comes with one descriptor, the ring's memfd.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct AttachHintRingRequest
{
    /// <summary>The size on the wire: 24 bytes.</summary>
    public const int StructBytes = 24;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>How many entries the ring has: a power of two from 64 to 65536.</summary>
    [FieldOffset(16)]
    public uint EntryCount;

    /// <summary>Zero.</summary>
    [FieldOffset(20)]
    public uint Reserved;
}
