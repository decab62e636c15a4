// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Replay.Policies;

/// <summary>
/// S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023): a small queue of a tenth, a
/// main one whose pages go round while they are used, and a ghost of pages that left the small one unused.
/// </summary>
internal sealed class S3FifoPolicy : IReplayPolicy
{
    private const int SmallDivisor = 10;
    private const int UsesMax = 3;

    private readonly Queue<ulong> _small = new(); // owner thread
    private readonly Queue<ulong> _main = new(); // owner thread
    private readonly Dictionary<ulong, int> _uses = []; // owner thread: of the pages in both
    private readonly Queue<(ulong Page, long Turn)> _ghosts = new(); // owner thread; stale ones too
    private readonly Dictionary<ulong, long> _ghostTurns = []; // owner thread: when a ghost became one
    private long _turn; // owner thread
    private readonly long _smallMin; // immutable
    private readonly long _ghostsMax; // immutable

    /// <summary>Makes an empty policy.</summary>
    /// <param name="capacityPages">The pages that fit the budget.</param>
    public S3FifoPolicy(long capacityPages)
    {
        _smallMin = Math.Max(1, capacityPages / SmallDivisor);
        _ghostsMax = capacityPages - _smallMin;
    }

    /// <inheritdoc/>
    public void Insert(ulong first, int count, bool prefetched)
    {
        for (var page = first; page < first + (ulong)count; page++)
        {
            (_ghostTurns.Remove(page) ? _main : _small).Enqueue(page);
            _uses.Add(page, -1); // The use that it comes for does not count.
        }
    }

    /// <inheritdoc/>
    public void Used(ulong page)
    {
        if (_uses.TryGetValue(page, out var uses))
        {
            _uses[page] = Math.Min(uses + 1, UsesMax);
        }
    }

    /// <inheritdoc/>
    public int TakeVictims(Span<ulong> pages)
    {
        var taken = 0;
        while (taken < pages.Length && _uses.Count > 0)
        {
            if (_small.Count > _smallMin || _main.Count == 0)
            {
                taken += TryTakeSmall(out pages[taken]) ? 1 : 0;
            }
            else
            {
                taken += TryTakeMain(out pages[taken]) ? 1 : 0;
            }
        }

        return taken;
    }

    /// <inheritdoc/>
    public void Forget(ulong first, ulong last)
    {
        foreach (var queue in new[] { _small, _main })
        {
            for (var left = queue.Count; left > 0; left--)
            {
                var page = queue.Dequeue();
                if (page < first || page > last)
                {
                    queue.Enqueue(page);
                }
                else
                {
                    _uses.Remove(page);
                }
            }
        }
    }

    private bool TryTakeSmall(out ulong page)
    {
        page = _small.Dequeue();
        if (_uses[page] > 1)
        {
            _uses[page] = 0;
            _main.Enqueue(page);
            return false;
        }

        _uses.Remove(page);
        _ghosts.Enqueue((page, ++_turn));
        _ghostTurns[page] = _turn;
        while (_ghostTurns.Count > _ghostsMax)
        {
            var (oldest, turn) = _ghosts.Dequeue();
            if (_ghostTurns.GetValueOrDefault(oldest) == turn)
            {
                _ghostTurns.Remove(oldest);
            }
        }

        return true;
    }

    private bool TryTakeMain(out ulong page)
    {
        page = _main.Dequeue();
        if (_uses[page] > 0)
        {
            _uses[page]--;
            _main.Enqueue(page);
            return false;
        }

        _uses.Remove(page);
        return true;
    }
}
