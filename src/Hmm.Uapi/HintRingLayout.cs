// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>
/// Where things are in a hint ring: a queue in shared memory from a client, its one producer, to the host. Tail and
/// head count entries since the beginning; an entry's place is its number modulo the number of entries. Each word that
/// one side writes has a cache line of its own.
/// </summary>
public static class HintRingLayout
{
    /// <summary>u64: entries published, written by the client after the entries.</summary>
    public const int TailOffset = 0;

    /// <summary>u64: entries taken, written by the host.</summary>
    public const int HeadOffset = 64;

    /// <summary>u32: 1 while the host sleeps; whoever changes it to 0 sends WakeHintRing.</summary>
    public const int SleepingOffset = 128;

    /// <summary>u64: hints that did not fit, counted by the client.</summary>
    public const int DroppedOffset = 192;

    /// <summary>The entries.</summary>
    public const int EntriesOffset = 256;

    /// <summary>The fewest entries.</summary>
    public const int EntriesMin = 64;

    /// <summary>The most entries: 2 MiB of memory.</summary>
    public const int EntriesMax = 65536;

    /// <summary>The length of a ring's memory in bytes, whole pages.</summary>
    /// <param name="entries">How many entries it has.</param>
    public static ulong SizeBytes(int entries) =>
        (EntriesOffset + ((ulong)entries * HintEntry.StructBytes) + 4095) & ~4095UL;
}
