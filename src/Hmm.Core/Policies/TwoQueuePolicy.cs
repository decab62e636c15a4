// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Policies;

/// <summary>
/// The default reclaim policy: two queues and a ghost, as in 2Q (Johnson and Shasha, VLDB 1994) and S3-FIFO (Yang et
/// al., SOSP 2023), for a system that does not see hits. A page that comes in for the first time waits in the small
/// queue, a tenth of DRAM; one that comes back soon after it left has shown that it is wanted and goes to the main one.
/// <code>
///   new page ------> small ---> leaves, remembered ---> comes back in time: main ---> leaves, remembered
///                    (10 %)          (ghost)            comes back late: small
/// </code>
/// </summary>
/// <remarks>
/// A scan goes through the small queue and out, and leaves the main queue alone. Pages of main are remembered too: that
/// is worth 1 to 1.5 points of hits on Zipf traces, since a hot page that fell off its end is back in main at once.
/// Least residence: a page stays until as many as a tenth of the resident pages have come in after it.
/// Threads: one at a time. Invariant: a page is in one of the queues, or in none.
/// </remarks>
internal sealed class TwoQueuePolicy : IReclaimPolicy
{
    /// <summary>The small queue is this part of the resident pages.</summary>
    public const int SmallDivisor = 10;

    private readonly PageQueue _small = new();
    private readonly PageQueue _main = new();
    private readonly GhostTable _ghosts; // Guarded by: the caller

    /// <summary>Makes an empty policy.</summary>
    /// <param name="capacityPages">The pages that fit the budget; as many are remembered after they left.</param>
    public TwoQueuePolicy(long capacityPages)
    {
        _ghosts = new GhostTable(capacityPages);
    }

    /// <inheritdoc/>
    public long Count => _small.Count + _main.Count;

    private long SmallMin => Math.Max(1, Count / SmallDivisor);

    /// <inheritdoc/>
    public void Insert(ulong first, int count, bool prefetched)
    {
        // In runs: neighbours that came in together mostly left together.
        var run = 0;
        var wasGhost = false;
        for (var i = 0; i < count; i++)
        {
            var isGhost = _ghosts.Remove(first + (ulong)i);
            if (isGhost != wasGhost)
            {
                Push(wasGhost, first + (ulong)(i - run), run);
                (run, wasGhost) = (0, isGhost);
            }

            run++;
        }

        Push(wasGhost, first + (ulong)(count - run), run);
    }

    /// <inheritdoc/>
    public int TakeVictims(Span<ulong> pages)
    {
        var taken = 0;
        while (taken < pages.Length)
        {
            var surplus = _small.Count - SmallMin;
            var rest = pages[taken..];
            var popped = surplus > 0 || _main.Count == 0
                ? _small.Pop(rest[..(int)Math.Min(rest.Length, Math.Max(surplus, 1))])
                : _main.Pop(rest[..(int)Math.Min(rest.Length, SmallDivisor)]);
            if (popped == 0)
            {
                break;
            }

            taken += popped;
        }

        foreach (var page in pages[..taken])
        {
            _ghosts.Add(page);
        }

        return taken;
    }

    /// <inheritdoc/>
    public int PeekVictims(Span<ulong> pages)
    {
        var surplus = Math.Max(0, _small.Count - SmallMin);
        var count = _small.Peek(pages[..(int)Math.Min(pages.Length, surplus)]);
        return count + _main.Peek(pages[count..]);
    }

    /// <inheritdoc/>
    public void Keep(ulong page)
    {
        _ghosts.Remove(page);
        _main.Push(page, 1);
    }

    /// <inheritdoc/>
    public void Forget(ulong first, ulong last)
    {
        _small.Forget(first, last);
        _main.Forget(first, last);
    }

    private void Push(bool wasGhost, ulong first, int count)
    {
        if (count > 0)
        {
            (wasGhost ? _main : _small).Push(first, count);
        }
    }
}
