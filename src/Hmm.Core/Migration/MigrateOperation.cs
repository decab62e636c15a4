// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Core.Policies;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <summary>
/// Absent pages on their way from one device to another, without a stop in the application's DRAM. There is one
/// operation per buffer slot, reused until a device misses a deadline.
/// </summary>
/// <remarks>
/// The protocol of one page, with the state in front:
/// <code>
///   1 claim      Absent -> Migrating   (by whoever calls <see cref="TryAdd"/>); a touch waits from here on
///   2 read       Migrating             by the driver of the old frame, into the buffer
///   3 write      Migrating             by the driver of the new frame, complete when a read would return it
///   4 publish    Migrating -> Absent   with the new frame, then wake whoever waits, then free the old frame
/// </code>
/// A failure anywhere publishes Absent with the old frame, whose bytes nobody touched.
/// Steps 2 and 3 are the drivers' Export and Import where the two share a form of pages, so that these go as they are
/// kept; else Fault and Evict, and the buffer is a bounce buffer.
/// </remarks>
internal sealed class MigrateOperation : PeerBatch
{
    /// <summary>The most frames of one operation: 512 KiB, as for an eviction.</summary>
    public const int PageFramesMax = EvictOperation.PageFramesMax;

    private readonly Migrator _migrator; // immutable
    private readonly MemoryManager _manager; // immutable
    private readonly SlotBuffers _buffers; // immutable
    private readonly MemoryRange?[] _ranges = new MemoryRange?[PageFramesMax]; // Guarded by: owner of the slot
    private readonly long[] _pages = new long[PageFramesMax]; // Guarded by: owner of the slot
    private readonly Pfn[] _frames = new Pfn[PageFramesMax]; // Guarded by: owner of the slot; where they come from
    private readonly int[] _segmentFirst = new int[SegmentsMax]; // Guarded by: owner of the slot
    private PageMap? _source; // Guarded by: owner of the slot
    private DeviceMemory _target = null!; // Guarded by: owner of the slot
    private MigrateResults? _results; // Guarded by: owner of the slot
    private int _count; // Guarded by: owner of the slot
    private int _runs; // Guarded by: owner of the slot
    private int _order; // Guarded by: owner of the slot
    private bool _reading; // Guarded by: owner of the slot
    private PeerLink _link = null!; // Guarded by: owner of the slot

    internal MigrateOperation(Migrator migrator, MemoryManager manager, int slot, in SlotBuffers buffers)
    {
        _migrator = migrator;
        _manager = manager;
        Slot = slot;
        _buffers = buffers;
    }

    /// <summary>Its buffer slot.</summary>
    public int Slot { get; }

    /// <summary>How many pages it holds.</summary>
    public int PageCount => _count;

    /// <summary>Begins to gather pages.</summary>
    /// <param name="target">Where they go.</param>
    /// <param name="results">Where it is recorded what became of each; null: nowhere.</param>
    public void Reset(DeviceMemory target, MigrateResults? results)
    {
        (_target, _results, _source, _count, _runs) = (target, results, null, 0, 0);
    }

    /// <summary>
    /// Takes a page that the caller moved from Absent to Migrating, and the caller's reference of its range; false if
    /// it must go to an operation of its own kind.
    /// </summary>
    public bool TryAdd(MemoryRange range, long page, PageMap source, Pfn frame)
    {
        if (_count == 0)
        {
            (_source, _order) = (source, range.PageOrder);
        }

        var joins = _count > 0 && frame == _frames[_count - 1] + (1 << _order);
        if (source != _source || range.PageOrder != _order || _count == Math.Max(1, PageFramesMax >> _order)
            || (!joins && _runs == SegmentsMax))
        {
            return false;
        }

        _runs += joins ? 0 : 1;
        (_ranges[_count], _pages[_count], _frames[_count]) = (range, page, frame);
        _count++;
        return true;
    }

    /// <summary>Hands the gathered pages to the driver that has them.</summary>
    public void Start()
    {
        Corruption.Require(_count > 0, "a migration has pages");
        ResetSegments();
        _reading = true;
        for (var i = 0; i < _count;)
        {
            var run = 1;
            while (i + run < _count && _frames[i + run] == _frames[i] + ((long)run << _order))
            {
                run++;
            }

            Segment(i, run, _frames[i]);
            i += run;
        }

        if (_source!.Copies.IsOverdue)
        {
            KeepRest(Errno.ETIMEDOUT);
            _migrator.Finish(this, expired: false);
            return;
        }

        _link = _manager.Placement.Peers.Between(_source, _target.PageMap);
        HandOver(_source.Copies, tick: _manager.Deadlines.Now);
        if (_link.Type == PeerMapType.Direct)
        {
            BeginEncoded((IPeerMemoryOps)_target.PageMap.Ops, BufferOf(0));
            DriverCall.Export(_source, this);
        }
        else
        {
            EndEncoded();
            DriverCall.Fault(_source, this);
        }
    }

    private protected override void OnCompleted()
    {
        if (_reading)
        {
            for (var segment = 0; segment < Count; segment++)
            {
                var pages = this[segment].FrameCount >> _order;
                if (ErrorOf(segment) != Errno.None)
                {
                    KeepAll(_segmentFirst[segment], pages, ErrorOf(segment));
                }
                else if (IsEncoded)
                {
                    CheckEncoded(segment);
                }
            }

            if (!IsExpired)
            {
                Write();
                return;
            }

            // What was read goes nowhere now: the buffer is its device's.
            KeepRest(Errno.EAGAIN);
            _migrator.Finish(this, expired: true);
            return;
        }

        for (var segment = 0; segment < Count; segment++)
        {
            PublishSegment(segment);
        }

        _migrator.Finish(this, IsExpired);
    }

    private protected override void Hold()
    {
        Corruption.Require(MapUnderWay.Reference.TryGet(), "the memory that a device has a copy of lives");
        for (var segment = 0; _reading && segment < Count; segment++)
        {
            if (IsOverdue(segment))
            {
                _source!.Get(this[segment].First, this[segment].FrameCount);
            }
        }
    }

    private protected override void OnLate()
    {
        for (var segment = 0; segment < Count; segment++)
        {
            if (IsOverdue(segment))
            {
                MapUnderWay.Put(this[segment].First, this[segment].FrameCount);
            }
        }

        _migrator.TakeBack(in _buffers);
        MapUnderWay.Reference.Put();
    }

    /// <summary>Whose driver has the batch.</summary>
    private PageMap MapUnderWay => _reading ? _source! : _target.PageMap;

    private nint BufferOf(int i) => _buffers.For(Pfn.SizeBytes << _order) + ((nint)i << (_order + Pfn.Shift));

    private void Segment(int i, int pages, Pfn first)
    {
        _segmentFirst[Count] = i;
        AddSegment(first, pages << _order, BufferOf(i));
    }

    /// <summary>Finds new frames for what was read and hands the pages to the driver that shall have them.</summary>
    private void Write()
    {
        ResetSegments();
        _reading = false;
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

            if (Count == SegmentsMax
                || !_manager.Placement.TryAllocateOn(_target, wanted << _order, _order, out var first, out var frames))
            {
                KeepAll(i, wanted, Count == SegmentsMax ? Errno.EAGAIN : Errno.ENOSPC);
                i += wanted;
                continue;
            }

            var pages = frames >> _order;
            for (var at = 0; at < pages; at++)
            {
                _target.PageMap.FrameOf(first + ((long)at << _order)).Owner =
                    _ranges[i + at]!.TokenOf(_pages[i + at]).Raw;
            }

            Segment(i, pages, first);
            i += pages;
        }

        if (Count == 0)
        {
            _migrator.Finish(this, expired: false);
            return;
        }

        HandOver(_target.PageMap.Copies, write: true, _manager.Deadlines.Now);
        if (IsEncoded)
        {
            DriverCall.Import(_target.PageMap, this);
        }
        else
        {
            DriverCall.Evict(_target.PageMap, this);
        }
    }

    /// <summary>What one driver says of its pages is what another one will rely on.</summary>
    private void CheckEncoded(int segment)
    {
        for (var frame = 0; frame < this[segment].FrameCount; frame++)
        {
            var page = PageAt(segment, frame);
            var holds = page.Encoding.IsPlain
                ? page.LengthBytes == Pfn.SizeBytes
                : page.LengthBytes is > 0 and <= Pfn.SizeBytes && Accepts(page.Encoding);
            Corruption.Require(holds, "a driver exports pages in an encoding that the other one accepts, or plain");
        }
    }

    /// <summary>Whether every frame of a page went as it was kept.</summary>
    private bool WentAsKept(int i)
    {
        for (var frame = 0; IsEncoded && frame < 1 << _order; frame++)
        {
            if (!Accepts(PageOf(BufferOf(i) + (frame << Pfn.Shift)).Encoding))
            {
                return false;
            }
        }

        return IsEncoded;
    }

    private void PublishSegment(int segment)
    {
        var error = ErrorOf(segment);
        var pages = this[segment].FrameCount >> _order;
        for (var at = 0; at < pages; at++)
        {
            var i = _segmentFirst[segment] + at;
            var frame = this[segment].First + ((long)at << _order);
            var refused = error == Errno.None && IsRefused(segment, at << _order, 1 << _order);
            if (error == Errno.None && !refused)
            {
                Publish(i, frame);
                continue;
            }

            if (!IsOverdue(segment))
            {
                _target.PageMap.Put(frame, 1 << _order);
            }

            Keep(i, refused ? Errno.EOPNOTSUPP : error);
        }

        if (error != Errno.None)
        {
            _manager.Placement.NoteError(_target, error);
        }
    }

    private void Publish(int i, Pfn frame)
    {
        var range = _ranges[i]!;
        var page = _pages[i];
        var pending = range.Table.Publish(page, range.Table.Read(page).In(PageState.Absent).WithFrame(frame));
        _source!.Put(_frames[i], 1 << _order);
        _migrator.CountMoved(1 << _order);
        _link.Count(WentAsKept(i), 1 << _order);
        _manager.Announce(range, page, 1, pending);
        Drop(i, Errno.None);
    }

    private void KeepRest(Errno error)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_ranges[i] is not null)
            {
                Keep(i, error);
            }
        }
    }

    private void KeepAll(int i, int length, Errno error)
    {
        for (var at = i; at < i + length; at++)
        {
            Keep(at, error);
        }
    }

    /// <summary>A page stays where it was.</summary>
    private void Keep(int i, Errno error)
    {
        var range = _ranges[i]!;
        var pending = range.Table.Publish(_pages[i], range.Table.Read(_pages[i]).In(PageState.Absent));
        _manager.Announce(range, _pages[i], 1, pending);
        Drop(i, error);
    }

    private void Drop(int i, Errno error)
    {
        var range = _ranges[i]!;
        _ranges[i] = null;
        _results?.Record(_pages[i], error);
        _manager.Leave(range);
    }
}
