// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi.Messages;

/// <summary>The answer to Hello: what was agreed, and the host's limits.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct HelloReply
{
    /// <summary>The size on the wire: 144 bytes.</summary>
    public const int StructBytes = 144;

    /// <summary>The header.</summary>
    [FieldOffset(0)]
    public ReplyHeader Header;

    /// <summary>The version of every later message of the session.</summary>
    [FieldOffset(24)]
    public ushort Version;

    /// <summary>Zero.</summary>
    [FieldOffset(26)]
    public ushort Reserved;

    /// <summary>The host's process id in its own namespace.</summary>
    [FieldOffset(28)]
    public uint ProcessId;

    /// <summary>What the host grants.</summary>
    [FieldOffset(32)]
    public Features Features;

    /// <summary>The session's number, as Query reports it; for reports only.</summary>
    [FieldOffset(40)]
    public ulong SessionId;

    /// <summary>The DRAM that all ranges of the host share, in bytes.</summary>
    [FieldOffset(48)]
    public ulong BudgetBytes;

    /// <summary>The longest range, in bytes.</summary>
    [FieldOffset(56)]
    public ulong RangeBytesMax;

    /// <summary>The smallest page, in bytes: 4096.</summary>
    [FieldOffset(64)]
    public uint PageBytes;

    /// <summary>How many ranges a session may have.</summary>
    [FieldOffset(68)]
    public uint RangesMax;

    /// <summary>The largest message, in bytes.</summary>
    [FieldOffset(72)]
    public uint MessageBytesMax;

    /// <summary>How many replies a session may wait for at a time.</summary>
    [FieldOffset(76)]
    public uint RequestsInFlightMax;

    /// <summary>The host's product version; for reports.</summary>
    [FieldOffset(80)]
    public FixedName HostVersion;
}
