// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;
using Hmm.Core.Virtual;

namespace Hmm.Core.Migration;

/// <content>
/// Lists of single pages, as a program names them that knows its next random accesses: gathered, put into the order of
/// the device, and read with as many copies in flight as there are buffers.
/// </content>
internal sealed partial class Prefetcher
{
    /// <summary>
    /// The most pages of one list: enough to find neighbours on the device, few enough to stay current.
    /// </summary>
    public const int PageListMax = 2048;

    /// <summary>Hints of more pages than this are spans, and not put into any order.</summary>
    public const int ListedRunMax = 8;

    private readonly ulong[] _listedPages = new ulong[PageListMax]; // Guarded by: the stepping thread
    private readonly ulong[] _listedFrames = new ulong[PageListMax]; // Guarded by: the stepping thread
    private int _listed; // Guarded by: the stepping thread
    private int _nextListed; // Guarded by: the stepping thread
    private int _listBlocks; // Guarded by: the stepping thread; in a row
    private bool _isListsTurn; // Guarded by: the stepping thread

    /// <summary>Whether there is room for a list; on the stepping thread.</summary>
    public bool TakesPages => _listed == 0;

    /// <summary>Adds absent pages to the list; on the stepping thread, while <see cref="TakesPages"/> held.</summary>
    public void AddPages(MemoryRange range, long first, int count)
    {
        for (var page = first; page < first + count && _listed < PageListMax; page++)
        {
            var entry = range.Table.Read(page);
            if (entry.State == PageState.Absent)
            {
                // Pages of zeros need no device; they come first, in their own order.
                _listedFrames[_listed] = range.TryFrameOf(page, entry, out var frame) ? frame.Value : 0;
                _listedPages[_listed++] = range.TokenOf(page).Raw;
            }
        }
    }

    private PrefetchOutcome StepList()
    {
        var pages = _listedPages.AsSpan(0, _listed);
        if (_nextListed == 0)
        {
            _listedFrames.AsSpan(0, _listed).Sort(pages);
        }

        var end = Math.Min(_listed, _nextListed + StepPages);
        while (_nextListed < end)
        {
            var run = 1;
            while (_nextListed + run < end && pages[_nextListed + run] == pages[_nextListed] + (ulong)run)
            {
                run++;
            }

            if (!TryFillListed(new PageToken(pages[_nextListed]), run))
            {
                return PrefetchOutcome.Rest;
            }

            _nextListed += run;
            _listBlocks = 0;
        }

        if (_nextListed >= _listed)
        {
            (_listed, _nextListed) = (0, 0);
        }

        return PrefetchOutcome.Progress;
    }

    /// <summary>False: it waits for DRAM or a buffer. A list that may wait for ever is dropped.</summary>
    private bool TryFillListed(PageToken first, int count)
    {
        if (!_manager.Ranges.TryAcquire(first.RangeId, out var range))
        {
            return true; // The range is closed, or closing.
        }

        var end = first.Page + count;
        var isBlocked = _manager.Filler.Prefetch(range, first.Page, count, writable: false) < end;
        if (isBlocked && !Block(range, ref _listBlocks))
        {
            (isBlocked, _nextListed) = (false, _listed);
        }

        _manager.Leave(range);
        return !isBlocked;
    }
}
