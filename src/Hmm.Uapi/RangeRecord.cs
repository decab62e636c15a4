// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi;

/// <summary>One range. Page counts are in units of 4096 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct RangeRecord
{
    /// <summary>The size on the wire: 152 bytes.</summary>
    public const int StructBytes = 152;

    /// <summary>The session.</summary>
    [FieldOffset(0)]
    public ulong SessionId;

    /// <summary>The range's number in the session.</summary>
    [FieldOffset(8)]
    public ulong RangeId;

    /// <summary>The application's address of its first byte.</summary>
    [FieldOffset(16)]
    public ulong BaseAddress;

    /// <summary>Its length in bytes.</summary>
    [FieldOffset(24)]
    public ulong LengthBytes;

    /// <summary>Pages in DRAM.</summary>
    [FieldOffset(32)]
    public ulong ResidentPages;

    /// <summary>Of these, written.</summary>
    [FieldOffset(40)]
    public ulong DirtyPages;

    /// <summary>Of these, pinned.</summary>
    [FieldOffset(48)]
    public ulong PinnedPages;

    /// <summary>Pages that a device holds.</summary>
    [FieldOffset(56)]
    public ulong DevicePages;

    /// <summary>Faults so far.</summary>
    [FieldOffset(64)]
    public ulong Faults;

    /// <summary>The application.</summary>
    [FieldOffset(72)]
    public uint ProcessId;

    /// <summary>What stands behind its pages.</summary>
    [FieldOffset(76)]
    public RangeKind Kind;

    /// <summary>log2 of its page size in bytes.</summary>
    [FieldOffset(80)]
    public uint PageShift;

    /// <summary>The advice it was last given as a whole.</summary>
    [FieldOffset(84)]
    public Advice Advice;

    /// <summary>Its name.</summary>
    [FieldOffset(88)]
    public FixedName Name;
}
