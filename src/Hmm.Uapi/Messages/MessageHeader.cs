// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>What every message begins with, in both directions.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct MessageHeader
{
    /// <summary>The size on the wire: 16 bytes.</summary>
    public const int StructBytes = 16;

    /// <summary>
    /// The length of the whole message; it must equal the length of the datagram.
    /// </summary>
    [FieldOffset(0)]
    public uint SizeBytes;

    /// <summary>
    /// The version that Hello agreed on; in Hello itself the newest that the client speaks.
    /// </summary>
    [FieldOffset(4)]
    public ushort Version;

    /// <summary>What is asked; a reply repeats it.</summary>
    [FieldOffset(6)]
    public Operation Operation;

    /// <summary>
    /// Chosen by the client; a reply repeats it. Distinct among the requests in flight.
    /// </summary>
    [FieldOffset(8)]
    public ulong Tag;
}
