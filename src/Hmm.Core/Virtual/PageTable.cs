// SPDX-License-Identifier: GPL-2.0-or-later
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Hmm.Core.Virtual;

/// <summary>
/// One 64-bit entry per page of a range, in memory that the caller supplies (a memfd in the host, so that a later host
/// process can adopt it). The memory is zero at first and sparse: a chunk of 512 entries costs 4 KiB of DRAM once one
/// of its pages is touched, and nothing before, so a 16 TiB range is free until it is used.
/// </summary>
/// <remarks>
/// Layout: a bitmap of touched chunks, one bit each, rounded up to 4 KiB; then the entries. Whoever changes an entry
/// marks its chunk first, so a scan of marked chunks misses no entry that is not zero.
/// Threads: any; entries change only by compare-and-swap, or by exchange from the state's owner.
/// Invariant: entry != 0 implies that its chunk is marked.
/// </remarks>
internal sealed unsafe class PageTable
{
    /// <summary>Entries of a chunk: as many as fit one 4 KiB page of DRAM.</summary>
    public const int ChunkPages = 512;

    private const int ChunkShift = 9;

    private readonly ulong* _touched; // Guarded by: atomic
    private readonly ulong* _entries; // Guarded by: atomic
    private readonly Action? _racePoint; // immutable; null in a host

    /// <summary>Makes a table over zeroed memory, or adopts one that another host left.</summary>
    /// <param name="memory">
    /// At least <see cref="SizeBytes"/> bytes, aligned to 8, alive as long as the table is used.
    /// </param>
    /// <param name="pageCount">The number of pages of the range.</param>
    /// <param name="racePoint">Called before every change, for simulations; null in a host.</param>
    public PageTable(nint memory, long pageCount, Action? racePoint = null)
    {
        // Safe because the caller vouches for SizeBytes(pageCount) bytes and every index is checked against PageCount.
        Corruption.Require(
            memory != 0 && (memory & 7) == 0 && pageCount > 0, "a page table has aligned memory and pages");
        PageCount = pageCount;
        _racePoint = racePoint;
        _touched = (ulong*)memory;
        _entries = (ulong*)(memory + (nint)BitmapBytes(pageCount));
    }

    /// <summary>The number of pages.</summary>
    public long PageCount { get; }

    /// <summary>The bytes a table of that many pages needs.</summary>
    public static ulong SizeBytes(long pageCount) => BitmapBytes(pageCount) + ((ulong)pageCount * sizeof(ulong));

    /// <summary>The entry as it is now.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PageEntry Read(long page)
    {
        CheckPage(page);
        return new(Volatile.Read(ref _entries[page]));
    }

    /// <summary>
    /// Replaces <paramref name="expected"/> by <paramref name="desired"/>, unless the entry has
    /// moved on.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTransition(long page, PageEntry expected, PageEntry desired)
    {
        CheckPage(page);
        _racePoint?.Invoke();
        if (expected.Raw == 0)
        {
            MarkTouched(page);
        }

        return Interlocked.CompareExchange(ref _entries[page], desired.Raw, expected.Raw) == expected.Raw;
    }

    /// <summary>
    /// The owner of a page's transition publishes its outcome. Returns whether somebody waits: then the caller wakes
    /// the page, after this and never before. (Were the wake first, the thread could fault again, find the page still
    /// owned, set the pending bit on a word that is about to be overwritten, and sleep for ever.)
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Publish(long page, PageEntry entry)
    {
        CheckPage(page);
        _racePoint?.Invoke();
        var before = new PageEntry(Interlocked.Exchange(ref _entries[page], entry.Raw));
        if (!before.IsOwned || entry.IsPending)
        {
            Corruption.Fail($"page {page} was published as {entry} by somebody who did not own it: it was {before}");
        }

        return before.IsPending;
    }

    /// <summary>
    /// The first chunk at or after <paramref name="page"/> that was ever touched, as the number of its first page, or
    /// <see cref="PageCount"/>. Reads no entry of an untouched chunk (reading would allocate it).
    /// </summary>
    public long NextTouchedChunk(long page)
    {
        var chunk = page >> ChunkShift;
        var chunks = (PageCount + ChunkPages - 1) >> ChunkShift;
        while (chunk < chunks)
        {
            var word = Volatile.Read(ref _touched[chunk >> 6]) >> (int)(chunk & 63);
            if (word != 0)
            {
                return Math.Max(page, (chunk + BitOperations.TrailingZeroCount(word)) << ChunkShift);
            }

            chunk = (chunk | 63) + 1;
        }

        return PageCount;
    }

    private static ulong BitmapBytes(long pageCount)
    {
        var chunks = ((ulong)pageCount + ChunkPages - 1) >> ChunkShift;
        return (((chunks + 63) / 64 * 8) + 4095) & ~4095UL;
    }

    private void MarkTouched(long page)
    {
        ref var word = ref _touched[page >> (ChunkShift + 6)];
        var bit = 1UL << (int)((page >> ChunkShift) & 63);
        if ((Volatile.Read(ref word) & bit) == 0)
        {
            Interlocked.Or(ref word, bit);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CheckPage(long page)
    {
        if ((ulong)page >= (ulong)PageCount)
        {
            Corruption.Fail($"page {page} is outside a table of {PageCount} pages");
        }
    }
}
