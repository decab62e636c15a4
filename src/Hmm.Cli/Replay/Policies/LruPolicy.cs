// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Replay.Policies;

/// <summary>Least recently used: the page leaves that was not used for longest.</summary>
internal sealed class LruPolicy : IReplayPolicy
{
    private readonly LinkedList<ulong> _order = new(); // owner thread; the next to leave first
    private readonly Dictionary<ulong, LinkedListNode<ulong>> _nodes = []; // owner thread

    /// <inheritdoc/>
    public void Insert(ulong first, int count, bool prefetched)
    {
        for (var page = first; page < first + (ulong)count; page++)
        {
            _nodes.Add(page, _order.AddLast(page));
        }
    }

    /// <inheritdoc/>
    public void Used(ulong page)
    {
        if (_nodes.TryGetValue(page, out var node))
        {
            _order.Remove(node);
            _order.AddLast(node);
        }
    }

    /// <inheritdoc/>
    public int TakeVictims(Span<ulong> pages)
    {
        var taken = 0;
        while (taken < pages.Length && _order.First is { } oldest)
        {
            _order.RemoveFirst();
            _nodes.Remove(oldest.Value);
            pages[taken++] = oldest.Value;
        }

        return taken;
    }

    /// <inheritdoc/>
    public void Forget(ulong first, ulong last)
    {
        foreach (var node in _nodes.Values.Where(node => node.Value >= first && node.Value <= last).ToList())
        {
            _order.Remove(node);
            _nodes.Remove(node.Value);
        }
    }
}
