// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Replay.Policies;

/// <summary>
/// The optimum (Belady, "A study of replacement algorithms for a virtual-storage computer", 1966): the page leaves
/// whose next use is farthest away. It knows the future, so no host can have it; it says how good one could be.
/// </summary>
internal sealed class OptimalPolicy(NextUses uses) : IReplayPolicy
{
    private readonly PriorityQueue<ulong, int> _order = new(); // owner thread; the farthest use first, stale ones too
    private readonly HashSet<ulong> _known = []; // owner thread

    /// <inheritdoc/>
    public void Insert(ulong first, int count, bool prefetched)
    {
        for (var page = first; page < first + (ulong)count; page++)
        {
            _known.Add(page);
            Enqueue(page);
        }
    }

    /// <inheritdoc/>
    public void Used(ulong page)
    {
        if (_known.Contains(page))
        {
            Enqueue(page);
        }
    }

    /// <inheritdoc/>
    public int TakeVictims(Span<ulong> pages)
    {
        var taken = 0;
        while (taken < pages.Length && _order.TryDequeue(out var page, out var priority))
        {
            if (priority == -uses.Of(page) && _known.Remove(page))
            {
                pages[taken++] = page;
            }
        }

        return taken;
    }

    /// <inheritdoc/>
    public void Forget(ulong first, ulong last) => _known.RemoveWhere(page => page >= first && page <= last);

    private void Enqueue(ulong page) => _order.Enqueue(page, -uses.Of(page));
}
