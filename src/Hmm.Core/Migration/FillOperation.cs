// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Core.Policies;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <summary>
/// A run of Busy pages on its way from one device into DRAM: read by the driver into this operation's buffer, then
/// installed on the thread that completed the last segment. Pages that could not be read are read again, one by one,
/// before they are given up. There is one operation per buffer slot, reused until its device misses a deadline.
/// </summary>
internal sealed class FillOperation : CopyBatch
{
    // A page that cannot be read twice more is lost: what passes by itself, passes soon. Checksums are the drivers',
    // and one that does not match is a read that failed.
    private const int RetriesMax = 2;

    private readonly Filler _filler; // immutable
    private readonly SlotBuffers _buffers; // immutable
    private nint _buffer; // Guarded by: owner of the slot; the one that this copy uses
    private MemoryRange _range = null!; // Guarded by: owner of the slot
    private PageMap _map = null!; // Guarded by: owner of the slot
    private bool _ownsFrames; // Guarded by: whoever expires it
    private int _retries; // Guarded by: owner of the slot
    private long _tick; // Guarded by: owner of the slot
    private long _first; // Guarded by: owner of the slot
    private int _pages; // Guarded by: owner of the slot
    private bool _writable; // Guarded by: owner of the slot
    private bool _awaited; // Guarded by: owner of the slot
    private FillPlan _later; // Guarded by: owner of the slot

    internal FillOperation(Filler filler, int slot, in SlotBuffers buffers)
    {
        _filler = filler;
        Slot = slot;
        _buffers = buffers;
    }

    /// <summary>Its slot.</summary>
    public int Slot { get; }

    /// <summary>
    /// Takes pages from <paramref name="first"/> on, as many as lie in one page map and fit, and hands them to its
    /// driver. Returns how many. The operation keeps a reference of the range until it is complete, and then asks for
    /// what is to be brought <paramref name="later"/>.
    /// </summary>
    public int Start(
        MemoryRange range, long first, int count, PageMap map, bool writable, bool awaited, in FillPlan later)
    {
        (_range, _map, _first, _pages, _writable, _awaited) = (range, map, first, 0, writable, awaited);
        _later = later;
        (_retries, _tick, _buffer) = (0, _filler.Now, _buffers.For(1 << range.PageShift));
        ResetSegments();
        GatherSegments(Math.Min(count, Filler.PagesMax(range)), map);
        var taken = _pages;
        Corruption.Require(taken > 0, "a fill takes at least the page it was made for");
        HandOver();
        return taken;
    }

    private protected override void OnCompleted()
    {
        var failed = InstallGood();
        if (failed != 0 && !IsExpired && _retries < RetriesMax)
        {
            _retries++;
            GatherAgain(failed);
            HandOver();
            return;
        }

        for (var page = 0; page < _pages; page++)
        {
            if ((failed & (1UL << page)) != 0)
            {
                _filler.Installer.Fail(_range, _first + page, _awaited && page == 0);
            }
        }

        var range = _range;
        range.Statistics.CountRead(_pages);
        _filler.BringAlong(range, in _later);
        _range = null!;
        _filler.Finish(Slot, range, IsExpired);
    }

    private protected override void Hold()
    {
        // A file's frames are nobody's one by one: what keeps them is that the page map lives.
        _ownsFrames = _range.Home?.PageMap != _map;
        Corruption.Require(_map.Reference.TryGet(), "the memory of a page in use lives");
        for (var i = 0; _ownsFrames && i < Count; i++)
        {
            if (IsOverdue(i))
            {
                _map.Get(this[i].First, this[i].FrameCount);
            }
        }
    }

    private protected override void OnLate()
    {
        for (var i = 0; _ownsFrames && i < Count; i++)
        {
            if (IsOverdue(i))
            {
                _map.Put(this[i].First, this[i].FrameCount);
            }
        }

        _filler.TakeBack(in _buffers);
        _map.Reference.Put();
    }

    private void HandOver()
    {
        // All tries together have the time of one.
        HandOver(_map.Copies, tick: _tick);
        DriverCall.Fault(_map, this);
    }

    /// <summary>Installs what was read; returns the pages, by their place in the operation, that were not.</summary>
    private ulong InstallGood()
    {
        var failed = 0UL;
        var good = 0;
        var next = 0;
        for (var i = 0; i < Count; i++)
        {
            var page = PageAt(i);
            var pages = this[i].FrameCount >> _range.PageOrder;
            if (page != next)
            {
                InstallRun(next - good, good);
                good = 0;
            }

            next = page + pages;
            if (ErrorOf(i) == Errno.None)
            {
                good += pages;
                continue;
            }

            InstallRun(page - good, good);
            good = 0;
            failed |= (pages == 64 ? ulong.MaxValue : (1UL << pages) - 1) << page;
            _range.Statistics.CountErrors(pages);
        }

        InstallRun(next - good, good);
        return failed;
    }

    /// <summary>The place, in the operation, of a segment's first page.</summary>
    private int PageAt(int segment) => (int)((this[segment].Buffer - _buffer) >> _range.PageShift);

    /// <summary>Gathers pages that were not read, each alone, so that no page fails for its neighbour's sake.</summary>
    private void GatherAgain(ulong failed)
    {
        ResetSegments();
        for (var page = 0; page < _pages; page++)
        {
            if ((failed & (1UL << page)) != 0)
            {
                // Its frame is what it was: the page is Busy.
                var found = _range.TryFrameOf(_first + page, _range.Table.Read(_first + page), out var frame);
                Corruption.Require(found, "a page that is being read has a frame");
                AddSegment(frame, _range.FramesPerPage, _buffer + ((nint)page << _range.PageShift));
            }
        }
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

    private void InstallRun(int page, int count)
    {
        if (count > 0)
        {
            var source = _buffer + ((nint)page << _range.PageShift);
            _filler.Installer.Install(_range, _first + page, count, source, _writable, prefetched: !_awaited);
        }
    }
}
