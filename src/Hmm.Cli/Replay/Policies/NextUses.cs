// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Replay.Policies;

/// <summary>When each page is used next, while a replay goes through its uses one by one.</summary>
internal sealed class NextUses
{
    private readonly int[] _after; // immutable: of each use, the next one of the same page
    private readonly Dictionary<ulong, int> _next; // owner thread
    private int _now; // owner thread

    /// <summary>Looks ahead.</summary>
    /// <param name="pages">The pages, in the order of their uses.</param>
    internal NextUses(IReadOnlyList<ulong> pages)
    {
        _after = new int[pages.Count];
        _next = [];
        for (var i = pages.Count - 1; i >= 0; i--)
        {
            _after[i] = _next.GetValueOrDefault(pages[i], int.MaxValue);
            _next[pages[i]] = i;
        }
    }

    /// <summary>The next use of a page; <see cref="int.MaxValue"/>: never again.</summary>
    internal int Of(ulong page) => _next.GetValueOrDefault(page, int.MaxValue);

    /// <summary>The next use is here; it is of this page.</summary>
    internal void Pass(ulong page) => _next[page] = _after[_now++];
}
