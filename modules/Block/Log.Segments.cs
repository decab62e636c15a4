// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core;

namespace Hmm.Modules.Block;

/// <content>Where streams get their segments, and what becomes of those that they leave.</content>
internal sealed partial class Log
{
    /// <summary>
    /// Takes the emptiest segment, if it is worth cleaning and that is paid for; what it holds is to be moved, then
    /// given back.
    /// </summary>
    public bool TryPickVictim(out int segment)
    {
        segment = FindVictim();
        if (segment == SegmentLists.None)
        {
            return false;
        }

        _lists.Remove(segment);
        _segments[segment].State = SegmentState.Cleaning;
        return true;
    }

    /// <summary>Ends the cleaning of a segment, whatever is left in it.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="isBad">Whether a page of it could not be read.</param>
    public void EndCleaning(int segment, bool isBad)
    {
        Corruption.Require(_segments[segment].State == SegmentState.Cleaning, "a segment is cleaned once at a time");
        _segments[segment].IsBad |= isBad;
        _segments[segment].State = SegmentState.Closed;
        _lists.AddClosed(segment);
        FreeIfEmpty(segment);
    }

    /// <summary>
    /// Counts the segments whose room nobody needed since it was called last: that much is to be given back. What is
    /// given back and needed again costs an allocation by the file system, and half the speed of a write.
    /// </summary>
    public void CountSpare()
    {
        _spare = _discards ? Math.Max(0, _leastWarm - WarmMax) : 0;
        _leastWarm = _lists.CountOf(SegmentLists.Warm);
    }

    /// <summary>Takes a free segment whose room is to be given back.</summary>
    public bool TryPickDiscard(out int segment)
    {
        segment = SegmentLists.None;
        if (_spare == 0 || _lists.CountOf(SegmentLists.Warm) <= WarmMax || !TryTakeWarm(out segment))
        {
            return false;
        }

        _spare--;
        _segments[segment].State = SegmentState.Discarding;
        return true;
    }

    /// <summary>The room was given back, or cannot be: then that is not tried again.</summary>
    public void EndDiscard(int segment, bool done)
    {
        var state = _segments[segment].State;
        Corruption.Require(state == SegmentState.Discarding, "a segment is discarded once at a time");
        _discards &= done;
        _spare = done ? _spare : 0;
        _mediumFull &= !done;
        MakeFree(segment, hasRoom: !done);
    }

    private int FindVictim() =>
        _lists.FindEmptiest((int)Math.Min(CleanLiveMax, _credit / CostPerPage), default(CanClean));

    private bool TryOpen(LogStream which, ref Stream stream)
    {
        var found = which == LogStream.Cleaner
            ? TryTakeFree(out var segment)
            : (FreeSegments > CleanerReserve && TryTakeFree(out segment))
                || TryTakeHoles(out segment)
                || TryTakeFree(out segment)
                || TryProbe(out segment);
        if (!found)
        {
            return false;
        }

        _segments[segment].State = SegmentState.Open;
        stream = new Stream { Segment = segment };
        return true;
    }

    private bool TryTakeFree(out int segment) =>
        TryTakeWarm(out segment) || (!_mediumFull && TryTakeCold(out segment));

    private bool TryTakeWarm(out int segment)
    {
        var taken = _lists.TryPop(SegmentLists.Warm, out segment);
        _leastWarm = Math.Min(_leastWarm, _lists.CountOf(SegmentLists.Warm));
        return taken;
    }

    private bool TryTakeCold(out int segment)
    {
        if (!_lists.TryPop(SegmentLists.Cold, out segment))
        {
            if (_virgin == _segments.Length)
            {
                return false;
            }

            segment = _virgin++;
        }

        // It will have room when it is left, unless one of its writes fails.
        _segments[segment].HasRoom = true;
        return true;
    }

    private bool TryTakeHoles(out int segment)
    {
        segment = _mediumFull
            ? _lists.FindEmptiest(SegmentPages - 1, default(HasRoom))
            : _lists.FindEmptiest(SegmentPages - 1, default(Any));
        if (segment == SegmentLists.None)
        {
            return false;
        }

        _lists.Remove(segment);
        return true;
    }

    /// <summary>The medium was full, and only a write can tell whether it still is.</summary>
    private bool TryProbe(out int segment)
    {
        if (!_mediumFull || !_mayProbe || !TryTakeCold(out segment))
        {
            segment = SegmentLists.None;
            return false;
        }

        _mayProbe = false;
        _segments[segment].IsProbe = true;
        return true;
    }

    private void Close(ref Stream stream)
    {
        var segment = stream.Segment;
        stream = new Stream();
        _segments[segment].State = SegmentState.Closed;
        _lists.AddClosed(segment);
        FreeIfEmpty(segment);
    }

    private void FreeIfEmpty(int segment)
    {
        if (_segments[segment] is { Live: 0, Writes: 0 })
        {
            _lists.Remove(segment);
            MakeFree(segment, _segments[segment].HasRoom);
        }
    }

    private void MakeFree(int segment, bool hasRoom)
    {
        _segments[segment] = new Segment
        {
            State = hasRoom ? SegmentState.Warm : SegmentState.Cold, HasRoom = hasRoom,
        };
        _lists.Push(hasRoom ? SegmentLists.Warm : SegmentLists.Cold, segment);
    }

    private readonly struct CanClean : ISegmentTest
    {
        public bool Accepts(in Segment segment) => segment is { Writes: 0, IsBad: false };
    }

    private readonly struct HasRoom : ISegmentTest
    {
        public bool Accepts(in Segment segment) => segment.HasRoom;
    }

    private readonly struct Any : ISegmentTest
    {
        public bool Accepts(in Segment segment) => true;
    }
}
