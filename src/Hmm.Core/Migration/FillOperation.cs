// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <summary>
/// A run of Busy pages on its way from one device into DRAM: read by the driver into this operation's buffer, then
/// installed on the thread that completed the last segment. There is one operation per buffer slot, reused for ever.
/// </summary>
internal sealed class FillOperation : CopyBatch
{
    private readonly Filler _filler; // immutable
    private readonly int _slot; // immutable
    private readonly nint _buffer; // immutable
    private MemoryRange _range = null!; // Guarded by: owner of the slot
    private long _first; // Guarded by: owner of the slot
    private int _pages; // Guarded by: owner of the slot
    private bool _writable; // Guarded by: owner of the slot
    private bool _awaited; // Guarded by: owner of the slot

    internal FillOperation(Filler filler, int slot, nint buffer)
    {
        _filler = filler;
        _slot = slot;
        _buffer = buffer;
    }

    /// <summary>
    /// Takes pages from <paramref name="first"/> on, as many as lie in one page map and fit, and hands them to its
    /// driver. Returns how many. The operation keeps a reference of the range until it is complete.
    /// </summary>
    public int Start(MemoryRange range, long first, int count, PageMap map, bool writable, bool awaited)
    {
        (_range, _first, _pages, _writable, _awaited) = (range, first, 0, writable, awaited);
        ResetSegments();
        GatherSegments(Math.Min(count, Filler.PagesMax(range)), map);
        var taken = _pages;
        Corruption.Require(taken > 0, "a fill takes at least the page it was made for");
        HandOver(map.Copies);
        DriverCall.Fault(map, this);
        return taken;
    }

    private protected override void OnCompleted()
    {
        var range = _range;
        var page = _first;
        var good = 0;
        for (var i = 0; i < Count; i++)
        {
            var pages = this[i].FrameCount >> range.PageOrder;
            if (ErrorOf(i) == Errno.None)
            {
                good += pages;
                page += pages;
                continue;
            }

            InstallRun(page - good, good);
            good = 0;
            for (var failed = page; failed < page + pages; failed++)
            {
                _filler.Installer.Fail(range, failed, _awaited && failed == _first);
            }

            page += pages;
        }

        InstallRun(page - good, good);
        range.Statistics.CountRead(_pages);
        _range = null!;
        _filler.Finish(_slot, range);
    }

    private void GatherSegments(int countMax, PageMap map)
    {
        var run = 0;
        Pfn runFirst = default;
        while (_pages < countMax)
        {
            var page = _first + _pages;
            if (!_range.TryFrameOf(page, _range.Table.Read(page), out var frame) || !map.Contains(frame))
            {
                break;
            }

            if (run > 0 && frame != runFirst + run)
            {
                if (Count == SegmentsMax - 1)
                {
                    break;
                }

                Close(runFirst, run);
                run = 0;
            }

            runFirst = run == 0 ? frame : runFirst;
            run += _range.FramesPerPage;
            _pages++;
        }

        if (run > 0)
        {
            Close(runFirst, run);
        }
    }

    private void Close(Pfn first, int frames)
    {
        var before = 0;
        for (var i = 0; i < Count; i++)
        {
            before += this[i].LengthBytes;
        }

        AddSegment(first, frames, _buffer + before);
    }

    private void InstallRun(long first, int count)
    {
        if (count > 0)
        {
            var source = _buffer + (nint)((first - _first) << _range.PageShift);
            _filler.Installer.Install(_range, first, count, source, _writable, prefetched: !_awaited);
        }
    }
}
