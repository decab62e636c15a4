// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Core.Policies;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <summary>
/// Dirty pages on their way from DRAM to one device. Pages from anywhere are gathered in one buffer and written to
/// neighbouring frames, so random evictions become sequential writes. There is one operation per buffer slot, reused
/// until its device misses a deadline.
/// </summary>
/// <remarks>
/// The protocol of one page, with the state in front; every order in it is load-bearing:
/// <code>
///   1 claim      Dirty -> Evicting     (by whoever calls <see cref="Add"/>)
///   2 protect    Evicting              the next write faults and waits, so the bytes stand still
///   3 read       Evicting              out of the memfd into the buffer
///   4 write      Evicting              by the driver, complete when a read would return it
///   5 punch      Evicting              only now is the copy in DRAM given up
///   6 publish    Evicting -> Absent    with the frame, then wake whoever waits
/// </code>
/// A failure anywhere publishes Dirty again: the page is in DRAM, and writes are let through before, so that a page
/// that no device takes does not fault for each turn that it was looked at. Where that cannot be, a write fault does.
/// </remarks>
internal sealed partial class EvictOperation : CopyBatch
{
    /// <summary>
    /// The most frames of one operation: 512 KiB, which costs a disk little more than 4 KiB does and keeps the write
    /// that an application may have to wait for below a millisecond on a device of 1 GB/s.
    /// </summary>
    public const int PageFramesMax = 128;

    private readonly Evictor _evictor; // immutable
    private readonly MemoryManager _manager; // immutable
    private readonly SlotBuffers _buffers; // immutable
    private readonly MemoryRange?[] _ranges = new MemoryRange?[PageFramesMax]; // Guarded by: owner of the slot
    private readonly long[] _pages = new long[PageFramesMax]; // Guarded by: owner of the slot
    private readonly int[] _segmentFirst = new int[SegmentsMax]; // Guarded by: owner of the slot
    private int _count; // Guarded by: owner of the slot
    private int _pageShift; // Guarded by: owner of the slot
    private bool _toHome; // Guarded by: owner of the slot
    private int _homeRuns; // Guarded by: owner of the slot
    private bool _keepResident; // Guarded by: owner of the slot
    private DeviceMemory? _target; // Guarded by: owner of the slot
    private PageMap? _map; // Guarded by: owner of the slot; the driver's that it was handed to
    private DeviceMemory? _only; // Guarded by: owner of the slot
    private MigrateResults? _results; // Guarded by: owner of the slot
    private DeviceMemory? _store; // Guarded by: owner of the slot; the only device its pages may go to, if there is one

    internal EvictOperation(Evictor evictor, MemoryManager manager, int slot, in SlotBuffers buffers)
    {
        _evictor = evictor;
        _manager = manager;
        Slot = slot;
        _buffers = buffers;
    }

    /// <summary>Its buffer slot.</summary>
    public int Slot { get; }

    /// <summary>How many pages it holds.</summary>
    public int PageCount => _count;

    /// <summary>How many frames these are.</summary>
    public int FrameCount => _count << (_pageShift - Pfn.Shift);

    /// <summary>Whether its pages stay in DRAM.</summary>
    public bool KeepsResident => _keepResident;

    /// <summary>Begins to gather pages.</summary>
    /// <param name="keepResident">Write them and leave them in DRAM, clean.</param>
    /// <param name="only">The one device that they may go to; null: whichever the placement says.</param>
    /// <param name="results">Where it is recorded what became of each page; null: nowhere.</param>
    public void Reset(bool keepResident, DeviceMemory? only = null, MigrateResults? results = null)
    {
        _count = 0;
        _keepResident = keepResident;
        (_only, _results) = (only, results);
    }

    /// <summary>
    /// Takes a page that the caller moved from Dirty to Evicting, and the caller's reference of its range; false if it
    /// must go to an operation of its own kind.
    /// </summary>
    public bool Add(MemoryRange range, long page)
    {
        var toHome = range.Kind == RangeKind.FileShared;
        if (_count == 0)
        {
            (_pageShift, _toHome, _store) = (range.PageShift, toHome, range.Store);
        }
        else if (_count == PagesMax(range)
            || range.PageShift != _pageShift || toHome != _toHome || range.Store != _store
            || (toHome && !SharesHome(range, page)))
        {
            return false;
        }

        _ranges[_count] = range;
        _pages[_count++] = page;
        return true;
    }

    /// <summary>Protects and reads the gathered pages, finds frames for them and hands them to the driver.</summary>
    public void Start()
    {
        Corruption.Require(_count > 0, "an eviction has pages");
        for (var i = 0; i < _count;)
        {
            var run = RunLength(i, _count);
            ReadRun(i, run);
            i += run;
        }

        _rank = 0;
        Place();
    }

    private protected override void OnCompleted()
    {
        var refused = false;
        for (var segment = 0; segment < Count; segment++)
        {
            var first = _segmentFirst[segment];
            var pages = this[segment].FrameCount >> (_pageShift - Pfn.Shift);
            for (var i = first; i < first + pages;)
            {
                var frame = this[segment].First + ((long)(i - first) << (_pageShift - Pfn.Shift));
                if (IsPageRefused(segment, i - first))
                {
                    _target!.PageMap.Put(frame, 1 << (_pageShift - Pfn.Shift));
                    refused = true;
                    i++;
                    continue;
                }

                var run = AcceptedRunLength(segment, i, first + pages);
                PublishRun(i, run, frame, ErrorOf(segment), IsOverdue(segment));
                i += run;
            }
        }

        if (refused)
        {
            PlaceRefused();
            return;
        }

        Finish();
    }

    /// <summary>
    /// Frames that were taken for the pages stay taken. Those of a file were not, and what keeps them is that their
    /// page map lives.
    /// </summary>
    private protected override void Hold() =>
        Corruption.Require(_map!.Reference.TryGet(), "the memory that pages go to lives");

    private protected override void OnLate()
    {
        for (var segment = 0; !_toHome && segment < Count; segment++)
        {
            if (IsOverdue(segment) && _manager.Mutant != Mutant.FreeFramesOfLateWrites)
            {
                _map!.Put(this[segment].First, this[segment].FrameCount);
            }
        }

        _evictor.TakeBack(in _buffers);
        _map!.Reference.Put();
    }

    /// <summary>
    /// As many pages as fit. Those that a checkpoint waits for must all find a segment, even if every frame lies alone.
    /// </summary>
    private int PagesMax(MemoryRange range) => Math.Min(
        range.Store is not null && _keepResident ? SegmentsMax : PageFramesMax,
        Math.Max(1, PageFramesMax >> range.PageOrder));

    /// <summary>
    /// Whether a page of a shared file joins the others: one page map, and a segment for each run
    /// of pages.
    /// </summary>
    private bool SharesHome(MemoryRange range, long page)
    {
        var last = _count - 1;
        var neighbours = _ranges[last] == range && _pages[last] + 1 == page;
        _homeRuns = last == 0 ? 1 : _homeRuns;
        if (range.Home!.PageMap != _ranges[0]!.Home!.PageMap || (!neighbours && _homeRuns == SegmentsMax))
        {
            return false;
        }

        _homeRuns += neighbours ? 0 : 1;
        return true;
    }

    /// <summary>How many pages from gathered page <paramref name="i"/> on are neighbours in one range.</summary>
    private int RunLength(int i, int end)
    {
        var length = 1;
        while (i + length < end && _ranges[i + length] == _ranges[i] && _pages[i + length] == _pages[i] + length)
        {
            length++;
        }

        return length;
    }

    private nint BufferOf(int i) => _buffers.For(1 << _pageShift) + ((nint)i << _pageShift);

    /// <summary>Steps 2 and 3; pages that cannot be read, and pages of zeros, are done with here.</summary>
    private void ReadRun(int i, int length)
    {
        var range = _ranges[i]!;
        var error = _manager.Mutant == Mutant.EvictWithoutProtect
            ? Errno.None
            : range.Memory.Protect(_pages[i], length, writeProtected: true);

        // An application that is gone writes no more, and its memfd can still be read.
        if (error is Errno.None or Errno.ESRCH)
        {
            error = range.Memory.Read(_pages[i], length, BufferOf(i));
        }

        for (var at = i; at < i + length; at++)
        {
            if (error != Errno.None)
            {
                Keep(at, error);
            }
            else if (range.Kind == RangeKind.Anonymous && IsUnwritten(at))
            {
                PublishWritten(at, 1, default, hasFrame: false);
                _results?.Record(_pages[at], Errno.ENOENT);
                Drop(at);
            }
        }
    }

    /// <summary>Whether a page is zero and nobody said that it would be written.</summary>
    private unsafe bool IsUnwritten(int i)
    {
        // Safe because the slot holds PageFramesMax frames and i counts pages within that.
        return !_ranges[i]!.Table.Read(_pages[i]).IsData
            && new ReadOnlySpan<byte>((void*)BufferOf(i), 1 << _pageShift).IndexOfAnyExcept((byte)0) < 0;
    }

    private PageMap? GatherHomeSegments()
    {
        PageMap? map = null;
        for (var i = 0; i < _count;)
        {
            if (_ranges[i] is not { } range)
            {
                i++;
                continue;
            }

            var run = RunLength(i, _count);
            if (range.Home!.PageMap.Copies.IsOverdue)
            {
                KeepAll(i, run, Errno.ETIMEDOUT);
                i += run;
                continue;
            }

            map = range.Home.PageMap;
            Segment(i, run, range.Home.First + (_pages[i] << range.PageOrder));
            i += run;
        }

        return map;
    }

    private PageMap? GatherNewSegments()
    {
        var order = _pageShift - Pfn.Shift;
        _target = null;
        for (var i = 0; i < _count;)
        {
            if (_ranges[i] is null)
            {
                i++;
                continue;
            }

            var wanted = 1;
            while (i + wanted < _count && _ranges[i + wanted] is not null)
            {
                wanted++;
            }

            var rank = _rank;
            if (Count == SegmentsMax
                || !TryAllocate(ref rank, wanted << order, order, out var device, out var first, out var frames))
            {
                KeepAll(i, wanted, Count == SegmentsMax ? Errno.EAGAIN : WhyNoFrame);
                i += wanted;
                continue;
            }

            if (_target is not null && device != _target)
            {
                // The first device filled up on the way; the rest goes to the next one in an operation of its own.
                device.PageMap.Put(first, frames);
                KeepAll(i, wanted, Errno.EAGAIN);
                i += wanted;
                continue;
            }

            _target = device;
            _targetRank = rank;
            LinkFrames(i, frames >> order, device.PageMap, first);
            Segment(i, frames >> order, first);
            i += frames >> order;
        }

        return _target?.PageMap;
    }

    /// <summary>Writes the reverse links, so that a device that goes away finds whose pages it holds.</summary>
    private void LinkFrames(int i, int pages, PageMap map, Pfn first)
    {
        for (var at = 0; at < pages; at++)
        {
            var frame = first + ((long)at << (_pageShift - Pfn.Shift));
            map.FrameOf(frame).Owner = _ranges[i + at]!.TokenOf(_pages[i + at]).Raw;
        }
    }

    private void Segment(int i, int pages, Pfn first)
    {
        _segmentFirst[Count] = i;
        AddSegment(first, pages << (_pageShift - Pfn.Shift), BufferOf(i));
    }

    /// <summary>Steps 5 and 6 for neighbours that a driver wrote, or failed to.</summary>
    private void PublishRun(int i, int length, Pfn first, Errno error, bool overdue)
    {
        var range = _ranges[i]!;
        if (error != Errno.None)
        {
            range.Statistics.CountErrors(length);
            if (!_toHome && (!overdue || _manager.Mutant == Mutant.FreeFramesOfLateWrites))
            {
                _target!.PageMap.Put(first, length << range.PageOrder);
                _manager.Placement.NoteError(_target, error);
            }

            KeepAll(i, length, error);
            return;
        }

        range.Statistics.CountWritten(length);
        PublishWritten(i, length, first, hasFrame: !_toHome);
        for (var at = i; at < i + length; at++)
        {
            _results?.Record(_pages[at], Errno.None);
            Drop(at);
        }
    }

    private void PublishWritten(int i, int length, Pfn first, bool hasFrame)
    {
        if (_keepResident)
        {
            PublishClean(i, length, first, hasFrame);
        }
        else
        {
            PublishAbsent(i, length, first, hasFrame);
        }
    }

    private void PublishAbsent(int i, int length, Pfn first, bool hasFrame)
    {
        var range = _ranges[i]!;
        var error = range.Memory.Discard(_pages[i], length);
        Corruption.Require(error == Errno.None, "a page that was written can be punched out");
        _manager.Trace?.Evicted(range.TokenOf(_pages[i]), length);
        var pending = false;
        for (var at = 0; at < length; at++)
        {
            var page = _pages[i] + at;
            var entry = range.Table.Read(page).In(PageState.Absent);
            pending |= range.Table.Publish(
                page, hasFrame ? entry.WithFrame(first + ((long)at << range.PageOrder)) : entry);
        }

        _evictor.CountFreed(range, length);
        _manager.Announce(range, _pages[i], length, pending);
    }

    /// <summary>
    /// Publishes written pages that stay, with their new frame unless that is their home. A pinned page stays dirty: a
    /// device may be writing to it by DMA, which no protection stops.
    /// </summary>
    private void PublishClean(int i, int length, Pfn first, bool hasFrame)
    {
        var range = _ranges[i]!;
        var pending = false;
        for (var at = 0; at < length; at++)
        {
            var page = _pages[i] + at;
            var frame = first + ((long)at << range.PageOrder);
            var entry = range.Table.Read(page);
            var isPinned = entry.Pins > 0;
            var published = entry.In(isPinned ? PageState.Dirty : PageState.Clean);
            pending |= range.Table.Publish(page, hasFrame && !isPinned ? published.WithFrame(frame) : published);
            if (isPinned && hasFrame)
            {
                _manager.PutFrames(frame, range.FramesPerPage);
            }
        }

        _manager.Announce(range, _pages[i], length, pending);
    }

    /// <summary>Those of some pages that are not done with stay in DRAM.</summary>
    private void KeepAll(int i, int length, Errno error)
    {
        for (var end = i + length; i < end;)
        {
            var run = RunLength(i, end);
            if (_ranges[i] is { } range)
            {
                KeepRun(range, i, run, error);
            }

            i += run;
        }
    }

    /// <summary>Neighbours stay in DRAM after step 2: writes to them are let through again.</summary>
    private void KeepRun(MemoryRange range, int i, int length, Errno error)
    {
        // Read while they are Evicting, so that a checkpoint that froze the range since waits for them.
        if (!range.IsFrozen)
        {
            range.Memory.Protect(_pages[i], length, writeProtected: false);
        }

        for (var at = i; at < i + length; at++)
        {
            Keep(at, error);
        }
    }

    /// <summary>A page stays in DRAM, dirty, and goes to the end of the queue.</summary>
    private void Keep(int i, Errno error)
    {
        var range = _ranges[i]!;
        var entry = range.Table.Read(_pages[i]);
        var pending = range.Table.Publish(_pages[i], entry.In(PageState.Dirty).WithQueued());
        _manager.Announce(range, _pages[i], 1, pending);

        if (!entry.IsQueued)
        {
            range.Queue.Return(range.TokenOf(_pages[i]));
        }

        if (range.Kind is RangeKind.FileShared or RangeKind.Persistent && error != Errno.EAGAIN)
        {
            range.RecordWriteError(error);
        }

        if (!_keepResident)
        {
            _evictor.CountFruitless(range, 1);
        }

        _results?.Record(_pages[i], error);
        Drop(i);
    }

    private void Drop(int i)
    {
        var range = _ranges[i]!;
        _ranges[i] = null;
        _manager.Leave(range);
    }

    private void Finish()
    {
        for (var i = 0; i < _count; i++)
        {
            Corruption.Require(_ranges[i] is null, "every page of an eviction is published");
        }

        _evictor.Finish(this, FrameCount, IsExpired);
    }
}
