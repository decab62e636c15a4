// SPDX-License-Identifier: GPL-2.0-or-later
using System.Numerics;
using Hmm.Core.Modules;

namespace Hmm.Core.Policies;

/// <summary>A queue of pages in 8 bytes a page: what reclaim policies are made of.</summary>
/// <remarks>
/// Threads: one at a time. Allocates only while it grows, by doubling; it settles at the pages that fit the budget.
/// Invariant: count &lt;= capacity, a power of two.
/// </remarks>
[ExportSymbolGpl]
public sealed class PageQueue
{
    private const int CapacityMin = 1024;

    private ulong[] _pages = new ulong[CapacityMin]; // Guarded by: the caller
    private long _head; // Guarded by: the caller
    private long _tail; // Guarded by: the caller

    /// <summary>How many pages wait.</summary>
    public long Count => _tail - _head;

    /// <summary>Appends neighbouring pages.</summary>
    /// <param name="first">The first page.</param>
    /// <param name="count">How many.</param>
    public void Push(ulong first, int count)
    {
        EnsureRoom(count);
        var mask = _pages.Length - 1;
        for (var i = 0; i < count; i++)
        {
            _pages[(int)(_tail++ & mask)] = first + (ulong)i;
        }
    }

    /// <summary>Takes the oldest pages.</summary>
    /// <param name="pages">Filled from the start, oldest first.</param>
    /// <returns>How many were taken.</returns>
    public int Pop(Span<ulong> pages)
    {
        var count = Peek(pages);
        _head += count;
        return count;
    }

    /// <summary>Names the oldest pages.</summary>
    /// <param name="pages">Filled from the start, oldest first.</param>
    /// <returns>How many.</returns>
    internal int Peek(Span<ulong> pages)
    {
        var count = (int)Math.Min(pages.Length, Count);
        var mask = _pages.Length - 1;
        for (var i = 0; i < count; i++)
        {
            pages[i] = _pages[(int)((_head + i) & mask)];
        }

        return count;
    }

    /// <summary>Takes the newest page.</summary>
    /// <param name="page">The page.</param>
    /// <returns>False if there is none.</returns>
    public bool TryPopNewest(out ulong page)
    {
        page = Count > 0 ? _pages[(int)((_tail - 1) & (_pages.Length - 1))] : 0;
        _tail -= page != 0 ? 1 : 0;
        return page != 0;
    }

    /// <summary>
    /// Drops every page of a span of numbers. One pass over the queue, about a millisecond per million pages.
    /// </summary>
    /// <param name="first">The first page.</param>
    /// <param name="last">The last page.</param>
    public void Forget(ulong first, ulong last)
    {
        var mask = _pages.Length - 1;
        var kept = _head;
        for (var at = _head; at < _tail; at++)
        {
            var page = _pages[(int)(at & mask)];
            if (page < first || page > last)
            {
                _pages[(int)(kept++ & mask)] = page;
            }
        }

        _tail = kept;
    }

    private void EnsureRoom(int count)
    {
        var needed = Count + count;
        if (needed <= _pages.Length)
        {
            return;
        }

        var larger = new ulong[(int)BitOperations.RoundUpToPowerOf2((ulong)needed)];
        var length = (int)Count;
        for (var i = 0; i < length; i++)
        {
            larger[i] = _pages[(int)((_head + i) & (_pages.Length - 1))];
        }

        (_pages, _head, _tail) = (larger, 0, length);
    }
}
