// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>RemoveDevice.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct RemoveDeviceRequest
{
    /// <summary>The size on the wire: 80 bytes.</summary>
    public const int StructBytes = 80;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>The device.</summary>
    [FieldOffset(16)]
    public FixedName Name;
}
