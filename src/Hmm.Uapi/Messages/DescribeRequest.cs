// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>Describe: one page, by number or by address.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct DescribeRequest
{
    /// <summary>The size on the wire: 32 bytes.</summary>
    public const int StructBytes = 32;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>The range; 0 asks by address, in all ranges of the session.</summary>
    [FieldOffset(16)]
    public ulong RangeId;

    /// <summary>The page of the range; with range 0 an address.</summary>
    [FieldOffset(24)]
    public ulong PageOrAddress;
}
