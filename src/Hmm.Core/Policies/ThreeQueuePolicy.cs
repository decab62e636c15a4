// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Policies;

/// <summary>
/// The default reclaim policy: three queues and a ghost, after 2Q (Johnson and Shasha, VLDB 1994) and S3-FIFO (Yang et
/// al., SOSP 2023), for a system that does not see hits. A page that comes in for the first time waits in the small
/// queue, a tenth of DRAM; one that comes back soon after it left has shown that it is wanted and goes to the middle
/// one, a twentieth; one that does so again is kept in the hot one, which has the rest. What streams bring along passes
/// these by, in a queue of a tenth that is the first to give.
/// <code>
///   new page --> small --> leaves, remembered --> comes back in time: middle --> leaves, comes back: hot
///               (10 %)         (ghost)            comes back late: small (5 %)                   (the rest)
///   brought along --> stream (10 %) --> leaves, remembered --> comes back in time: hot
/// </code>
/// </summary>
/// <remarks>
/// A scan goes through the stream queue and out, and leaves the others alone, also pages of which nothing is known but
/// that they came once. A page that came back by chance, once, goes out through the middle queue. Pages of the hot one
/// are remembered too: one that fell off its end is back at once.
/// <c>docs/internals/policies.md</c> has what each of these is worth on recorded traces.
/// Least residence: a page that is new or was brought ahead stays until as many as a tenth of the resident pages have
/// come in after it.
/// Threads: one at a time. Invariant: a page is in one of the queues, or in none.
/// </remarks>
internal sealed class ThreeQueuePolicy : IReclaimPolicy
{
    /// <summary>The small queue is this part of the resident pages.</summary>
    public const int SmallDivisor = 10;

    private const int MiddleDivisor = 20;

    // So many leave the hot queue before the others are looked at again.
    private const int HotPagesMax = 10;

    private readonly PageQueue _stream = new();
    private readonly PageQueue _small = new();
    private readonly PageQueue _middle = new();
    private readonly PageQueue _hot = new();
    private readonly GhostTable _ghosts; // Guarded by: the caller

    /// <summary>Makes an empty policy.</summary>
    /// <param name="capacityPages">The pages that fit the budget; as many are remembered after they left.</param>
    public ThreeQueuePolicy(long capacityPages)
    {
        _ghosts = new GhostTable(capacityPages);
    }

    /// <inheritdoc/>
    public long Count => _stream.Count + _small.Count + _middle.Count + _hot.Count;

    private long SmallMin => Math.Max(1, Count / SmallDivisor);

    private long StreamSurplus => _stream.Count - SmallMin;

    private long SmallSurplus => _small.Count - SmallMin;

    private long MiddleSurplus => _middle.Count - (Count / MiddleDivisor);

    /// <inheritdoc/>
    public void Insert(ulong first, int count, bool prefetched)
    {
        // In runs: neighbours that came in together mostly left together.
        var run = 0;
        var queue = _small;
        for (var i = 0; i < count; i++)
        {
            var own = QueueOf(first + (ulong)i, prefetched);
            if (own != queue)
            {
                Push(queue, first + (ulong)(i - run), run);
                (run, queue) = (0, own);
            }

            run++;
        }

        Push(queue, first + (ulong)(count - run), run);
    }

    /// <inheritdoc/>
    public int TakeVictims(Span<ulong> pages)
    {
        var taken = 0;
        while (taken < pages.Length && Count > 0)
        {
            var queue = Choose(out var most);
            var popped = queue.Pop(pages.Slice(taken, (int)Math.Min(pages.Length - taken, most)));
            foreach (var page in pages.Slice(taken, popped))
            {
                _ghosts.Add(page, cameBack: queue == _middle || queue == _hot);
            }

            taken += popped;
        }

        return taken;
    }

    /// <inheritdoc/>
    public int PeekVictims(Span<ulong> pages)
    {
        var count = _stream.Peek(pages[..(int)Math.Clamp(StreamSurplus, 0, pages.Length)]);
        count += _small.Peek(pages[count..][..(int)Math.Clamp(SmallSurplus, 0, pages.Length - count)]);
        count += _middle.Peek(pages[count..]);
        return count + _hot.Peek(pages[count..]);
    }

    /// <inheritdoc/>
    public void Keep(ulong page)
    {
        _ghosts.Remove(page);
        _hot.Push(page, 1);
    }

    /// <inheritdoc/>
    public void Forget(ulong first, ulong last)
    {
        _stream.Forget(first, last);
        _small.Forget(first, last);
        _middle.Forget(first, last);
        _hot.Forget(first, last);
    }

    /// <summary>
    /// What is brought ahead and comes back skips the middle queue: the windows ahead of a reader are larger than that.
    /// </summary>
    private PageQueue QueueOf(ulong page, bool prefetched) =>
        !_ghosts.Remove(page, out var cameBack) ? prefetched ? _stream : _small
        : cameBack || prefetched ? _hot : _middle;

    /// <summary>The queue whose oldest pages leave next, which is not empty, and how many of them at most.</summary>
    private PageQueue Choose(out long most)
    {
        if (StreamSurplus > 0)
        {
            most = StreamSurplus;
            return _stream;
        }

        if (SmallSurplus > 0)
        {
            most = SmallSurplus;
            return _small;
        }

        if (MiddleSurplus > 0)
        {
            most = MiddleSurplus;
            return _middle;
        }

        most = HotPagesMax;
        return _hot.Count > 0 ? _hot : _middle.Count > 0 ? _middle : _small.Count > 0 ? _small : _stream;
    }

    private static void Push(PageQueue queue, ulong first, int count)
    {
        if (count > 0)
        {
            queue.Push(first, count);
        }
    }
}
