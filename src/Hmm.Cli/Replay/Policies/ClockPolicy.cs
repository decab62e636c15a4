// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Replay.Policies;

/// <summary>
/// CLOCK, or second chance: first in, first out, but a page that was used since it was looked at last goes round once
/// more.
/// </summary>
internal sealed class ClockPolicy : IReplayPolicy
{
    private readonly Queue<ulong> _order = new(); // owner thread
    private readonly Dictionary<ulong, bool> _used = []; // owner thread: whether a page was used

    /// <inheritdoc/>
    public void Insert(ulong first, int count, bool prefetched)
    {
        for (var page = first; page < first + (ulong)count; page++)
        {
            _used.Add(page, false);
            _order.Enqueue(page);
        }
    }

    /// <inheritdoc/>
    public void Used(ulong page)
    {
        if (_used.ContainsKey(page))
        {
            _used[page] = true;
        }
    }

    /// <inheritdoc/>
    public int TakeVictims(Span<ulong> pages)
    {
        var taken = 0;
        while (taken < pages.Length && _order.TryDequeue(out var page))
        {
            if (_used[page])
            {
                _used[page] = false;
                _order.Enqueue(page);
                continue;
            }

            _used.Remove(page);
            pages[taken++] = page;
        }

        return taken;
    }

    /// <inheritdoc/>
    public void Forget(ulong first, ulong last)
    {
        for (var left = _order.Count; left > 0; left--)
        {
            var page = _order.Dequeue();
            if (page < first || page > last)
            {
                _order.Enqueue(page);
            }
            else
            {
                _used.Remove(page);
            }
        }
    }
}
