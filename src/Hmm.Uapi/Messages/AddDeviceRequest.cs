// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>AddDevice.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct AddDeviceRequest
{
    /// <summary>The size on the wire: 464 bytes.</summary>
    public const int StructBytes = 464;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>The device: a driver and its parameters, as in block,folder=/var/tmp,size=64GiB.</summary>
    [FieldOffset(16)]
    public FixedText Specification;
}
