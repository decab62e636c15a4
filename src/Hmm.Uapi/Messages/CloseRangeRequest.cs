// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>CloseRange.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct CloseRangeRequest
{
    /// <summary>The size on the wire: 24 bytes.</summary>
    public const int StructBytes = 24;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>The range.</summary>
    [FieldOffset(16)]
    public ulong RangeId;
}
