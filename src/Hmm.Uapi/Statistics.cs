// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Uapi;

/// <summary>
/// Counters of a range, of a session or of the host. Page counts are in units of 4096 bytes,
/// whatever the range's page size.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = StructBytes)]
public struct Statistics
{
    /// <summary>The size on the wire: 160 bytes.</summary>
    public const int StructBytes = 160;

    /// <summary>The length of the ranges, in bytes.</summary>
    [FieldOffset(0)]
    public ulong LengthBytes;

    /// <summary>Pages in DRAM now.</summary>
    [FieldOffset(8)]
    public ulong ResidentPages;

    /// <summary>Of these, written since they came.</summary>
    [FieldOffset(16)]
    public ulong DirtyPages;

    /// <summary>Of these, pinned.</summary>
    [FieldOffset(24)]
    public ulong PinnedPages;

    /// <summary>Pages that a device holds now, resident ones with a device copy included.</summary>
    [FieldOffset(32)]
    public ulong DevicePages;

    /// <summary>Pages that were lost.</summary>
    [FieldOffset(40)]
    public ulong PoisonedPages;

    /// <summary>The DRAM budget that applies, in bytes.</summary>
    [FieldOffset(48)]
    public ulong BudgetBytes;

    /// <summary>Touches of absent pages that reached the host.</summary>
    [FieldOffset(56)]
    public ulong Faults;

    /// <summary>First writes to clean pages that reached the host.</summary>
    [FieldOffset(64)]
    public ulong WriteProtectFaults;

    /// <summary>Fault messages that needed nothing: another one was already served.</summary>
    [FieldOffset(72)]
    public ulong DuplicateFaults;

    /// <summary>Pages brought into DRAM, prefetched ones included.</summary>
    [FieldOffset(80)]
    public ulong FilledPages;

    /// <summary>Of these, pages that no thread waited for.</summary>
    [FieldOffset(88)]
    public ulong PrefetchedPages;

    /// <summary>Pages taken out of DRAM.</summary>
    [FieldOffset(96)]
    public ulong EvictedPages;

    /// <summary>Bytes read from devices and files.</summary>
    [FieldOffset(104)]
    public ulong BytesIn;

    /// <summary>Bytes written to devices and files.</summary>
    [FieldOffset(112)]
    public ulong BytesOut;

    /// <summary>Times that a fault waited because the budget was used up.</summary>
    [FieldOffset(120)]
    public ulong MemoryWaits;

    /// <summary>Device operations that failed, retried ones included.</summary>
    [FieldOffset(128)]
    public ulong DeviceErrors;

    /// <summary>Hints taken.</summary>
    [FieldOffset(136)]
    public ulong Hints;

    /// <summary>
    /// Hints that named a closed range or pages outside of it, or met a full queue.
    /// </summary>
    [FieldOffset(144)]
    public ulong HintsDropped;

    /// <summary>Open ranges.</summary>
    [FieldOffset(152)]
    public ulong Ranges;
}
