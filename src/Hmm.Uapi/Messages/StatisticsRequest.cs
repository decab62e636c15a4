// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>Statistics.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct StatisticsRequest
{
    /// <summary>The size on the wire: 32 bytes.</summary>
    public const int StructBytes = 32;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public MessageHeader Header;

    /// <summary>The range; 0 for the other scopes.</summary>
    [FieldOffset(16)]
    public ulong RangeId;

    /// <summary>Whose counters.</summary>
    [FieldOffset(24)]
    public StatisticsScope Scope;

    /// <summary>Zero.</summary>
    [FieldOffset(28)]
    public uint Reserved;
}
