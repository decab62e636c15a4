// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;

namespace Hmm.Modules.Cyclic;

/// <summary>
/// For a loop over more data than fits DRAM (the epochs of a training run): whoever evicts the oldest evicts what the
/// loop comes to next, and hits nothing. This one keeps what it has and evicts what came in last, so a loop over three
/// times the budget finds a third of its pages in DRAM each time round.
/// </summary>
/// <remarks>
/// What came in very last, a tenth of the budget, stays for the reader that it was brought for. Do not use it where the
/// data in use changes: it never lets go of the old.
/// Threads: one at a time, as the contract says.
/// </remarks>
internal sealed class CyclicPolicy : IReclaimPolicy
{
    private const int FreshDivisor = 10;

    private readonly PageQueue _fresh = new();
    private readonly PageQueue _kept = new();
    private readonly long _freshMax; // immutable

    /// <summary>Makes an empty policy.</summary>
    /// <param name="capacityPages">The pages that fit the budget.</param>
    public CyclicPolicy(long capacityPages)
    {
        _freshMax = Math.Max(1, capacityPages / FreshDivisor);
    }

    /// <inheritdoc/>
    public long Count => _fresh.Count + _kept.Count;

    /// <inheritdoc/>
    public void Insert(ulong first, int count, bool prefetched)
    {
        _fresh.Push(first, count);
        Span<ulong> page = stackalloc ulong[1];
        while (_fresh.Count > _freshMax)
        {
            _fresh.Pop(page);
            _kept.Push(page[0], 1);
        }
    }

    /// <inheritdoc/>
    public int TakeVictims(Span<ulong> pages)
    {
        var taken = 0;
        while (taken < pages.Length && _kept.TryPopNewest(out var page))
        {
            pages[taken++] = page;
        }

        return taken + _fresh.Pop(pages[taken..]);
    }

    /// <inheritdoc/>
    public int PeekVictims(Span<ulong> pages) => 0;

    /// <inheritdoc/>
    public void Keep(ulong page) => _fresh.Push(page, 1);

    /// <inheritdoc/>
    public void Forget(ulong first, ulong last)
    {
        _fresh.Forget(first, last);
        _kept.Forget(first, last);
    }
}
