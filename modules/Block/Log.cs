// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Core;

namespace Hmm.Modules.Block;

/// <summary>
/// Which place of the file holds which frame, as a log: pages are appended to the open segment wherever their frames
/// are, so random evictions become one sequential write. Segments that emptied by themselves are used again; the
/// emptiest of the others are cleaned, their pages moved together, as long as evictions have paid for that; and while
/// neither yields a segment, new pages go into the holes of the emptiest. So an eviction never waits, and no more than
/// 0.8 pages are moved for each that is written, at any fill.
/// </summary>
/// <remarks>
/// Pure memory: knows of no file and of no thread. Guarded by: its owner's gate, every member.
/// A place has one owner, or several that share it: those are a list that begins at the place and goes on from frame to
/// frame.
/// Invariants: a place is taken if and only if its owner is not 0; the sum of <see cref="Segment.Live"/> = taken
/// places; a frame is in one list at most; every segment is in the list its state calls for, Open, Cleaning and
/// Discarding in none.
/// </remarks>
internal sealed unsafe partial class Log : IDisposable
{
    /// <summary>
    /// The places of a segment: 512, 2 MiB. A disk writes that much in one go at its full rate, and a cleaner's buffer
    /// of that size costs little.
    /// </summary>
    public const int SegmentPages = 512;

    // What cleaning may cost: each page written pays for 0.8 pages moved, so write amplification stays under 1.8. What
    // was not spent is kept up to 8 segments, or a long quiet time would pay for a long burst.
    private const int CreditPerPage = 4;
    private const int CostPerPage = 5;
    private const long CreditMax = 8L * SegmentPages * CostPerPage;

    // A segment that is fuller gains too little to bother.
    private const int CleanLiveMax = SegmentPages * 7 / 8;

    // Free segments that only the cleaner may take: without one it could never gain any.
    private const int CleanerReserve = 2;

    // Free segments whose room is kept in any case, 64 MiB: writing to them needs no allocation by the file system.
    private const int WarmMax = 32;

    private readonly Segment[] _segments;
    private readonly SegmentLists _lists;
    private readonly uint* _owners; // for each place its frame + 1; zeroed memory that costs nothing until it is used
    private readonly uint* _next; // for each frame that shares a place the next one + 1; there are fewer than places
    private readonly Stream[] _streams = [new Stream(), new Stream()];
    private int _virgin; // segments from here on were never used
    private long _credit; // 0 to CreditMax
    private bool _mediumFull;
    private bool _mayProbe;
    private bool _discards = true;
    private int _leastWarm; // the fewest free segments that had room since spare ones were counted
    private int _spare; // those counted whose room was not given back yet

    /// <summary>Creates an empty log.</summary>
    /// <param name="segments">How many segments the file has, at least 4.</param>
    public Log(int segments)
    {
        Corruption.Require(segments > CleanerReserve + 1, "a log has segments for both streams and the reserve");
        _segments = new Segment[segments];
        _lists = new SegmentLists(_segments);
        _owners = (uint*)NativeMemory.AllocZeroed((nuint)segments * SegmentPages, sizeof(uint));
        _next = (uint*)NativeMemory.AllocZeroed((nuint)segments * SegmentPages, sizeof(uint));
    }

    /// <summary>Free segments; while the medium is full, only those that have room.</summary>
    public int FreeSegments => _lists.CountOf(SegmentLists.Warm)
        + (_mediumFull ? 0 : _segments.Length - _virgin + _lists.CountOf(SegmentLists.Cold));

    /// <summary>Places that are taken.</summary>
    public long LivePages { get; private set; }

    /// <summary>Pages that were given places for evictions.</summary>
    public long PagesWritten { get; private set; }

    /// <summary>Pages that were given places by the cleaner.</summary>
    public long PagesMoved { get; private set; }

    /// <summary>Pages that were given no place of their own, since they share another's.</summary>
    public long PagesJoined { get; private set; }

    /// <summary>Runs that evictions were given: pages written by runs is how sequential it is.</summary>
    public long RunsWritten { get; private set; }

    /// <summary>Whether there is something to clean, and need of it.</summary>
    public bool WantsCleaning => FreeSegments < Math.Clamp(_segments.Length / 16, CleanerReserve + 2, 64)
        && FreeSegments > 0 && FindVictim() != SegmentLists.None;

    /// <summary>Whether a write found no room on the medium, and none has been found since.</summary>
    public bool IsMediumFull => _mediumFull;

    /// <summary>
    /// Takes places in a row for frames in a row, and counts the write as under way. False: there is no place.
    /// </summary>
    public bool TryTake(LogStream which, uint firstFrame, int wanted, out uint first, out int count)
    {
        ref var stream = ref _streams[(int)which];
        while (stream.Segment != SegmentLists.None || TryOpen(which, ref stream))
        {
            var owners = OwnersOf(stream.Segment);
            var hole = owners[stream.Next..].IndexOf(0U);
            if (hole < 0)
            {
                Close(ref stream);
                continue;
            }

            var at = stream.Next + hole;
            var room = owners[at..Math.Min(SegmentPages, at + wanted)];
            var end = room.IndexOfAnyExcept(0U);
            count = end < 0 ? room.Length : end;
            for (var i = 0; i < count; i++)
            {
                room[i] = firstFrame + (uint)i + 1;
            }

            first = ((uint)stream.Segment * SegmentPages) + (uint)at;
            stream.Next = at + count;
            ref var segment = ref _segments[stream.Segment];
            segment.Live += (short)count;
            segment.Writes++;
            CountTaken(which, count);
            return true;
        }

        (first, count) = (0, 0);
        return false;
    }

    /// <summary>
    /// A write to places from <see cref="TryTake"/> ended; those of one that failed are still to be released.
    /// </summary>
    public void EndWrite(uint first, bool noSpace)
    {
        ref var segment = ref _segments[first / SegmentPages];
        Corruption.Require(segment.Writes > 0, "a write to a segment ends once");
        segment.Writes--;
        if (noSpace)
        {
            segment.HasRoom = false;
            _mediumFull = true;
            foreach (ref var stream in _streams.AsSpan())
            {
                if (stream.Segment == (int)(first / SegmentPages))
                {
                    Close(ref stream);
                }
            }
        }
        else if (segment.IsProbe)
        {
            segment.IsProbe = false;
            _mediumFull = false;
        }
    }

    /// <summary>Lets a frame share a taken place.</summary>
    public void Join(uint place, uint frame)
    {
        Corruption.Require(
            _owners[place] != 0 && _owners[place] != frame + 1 && _next[frame] == 0, "a frame joins others at a place");
        _next[frame] = _owners[place];
        _owners[place] = frame + 1;
        PagesJoined++;
    }

    /// <summary>The next frame that shares a place with this one.</summary>
    public bool TryNextOf(uint frame, out uint next)
    {
        next = _next[frame] - 1;
        return _next[frame] != 0;
    }

    /// <summary>Takes a frame from its place, which is given back with the last one.</summary>
    public void Release(uint place, uint frame)
    {
        if (_owners[place] == frame + 1)
        {
            if (_next[frame] == 0)
            {
                Release(place);
                return;
            }

            _owners[place] = _next[frame];
        }
        else
        {
            // A place holds a few dozen pages at most, so its list is short.
            var before = _owners[place] - 1;
            while (_next[before] != frame + 1)
            {
                Corruption.Require(_owners[place] != 0 && _next[before] != 0, "a frame is in the list of its place");
                before = _next[before] - 1;
            }

            _next[before] = _next[frame];
        }

        _next[frame] = 0;
    }

    /// <summary>Gives the owners of one place to another that is taken, and gives the first one back.</summary>
    public void MoveOwners(uint from, uint to)
    {
        Corruption.Require(_owners[from] != 0 && _owners[to] != 0, "owners move between places that are taken");
        _owners[to] = _owners[from];
        Release(from);
    }

    /// <summary>Gives a place back; nobody's list begins there any more.</summary>
    public void Release(uint place)
    {
        Corruption.Require(_owners[place] != 0, "a place is released once");
        _owners[place] = 0;
        LivePages--;
        var number = (int)(place / SegmentPages);
        ref var segment = ref _segments[number];
        segment.Live--;
        if (segment.State == SegmentState.Closed)
        {
            _lists.Refile(number);
            FreeIfEmpty(number);
        }
    }

    /// <summary>The frame that a place holds, or the first of those that share it.</summary>
    public bool TryOwnerOf(uint place, out uint frame)
    {
        frame = _owners[place] - 1;
        return _owners[place] != 0;
    }

    /// <summary>Lets one write find out whether a medium that was full has room again.</summary>
    public void AllowProbe() => _mayProbe = true;

    /// <summary>Names the frame that a taken place holds, for one who takes places before it knows.</summary>
    public void SetOwner(uint place, uint frame)
    {
        Corruption.Require(_owners[place] != 0, "a place that gets an owner is taken");
        _owners[place] = frame + 1;
    }

    public void Dispose()
    {
        NativeMemory.Free(_owners);
        NativeMemory.Free(_next);
    }

    private Span<uint> OwnersOf(int segment) => new(_owners + ((long)segment * SegmentPages), SegmentPages);

    private void CountTaken(LogStream which, int count)
    {
        LivePages += count;
        if (which == LogStream.Cleaner)
        {
            PagesMoved += count;
            _credit -= (long)count * CostPerPage;
        }
        else
        {
            PagesWritten += count;
            _credit = Math.Min(_credit + ((long)count * CreditPerPage), CreditMax);
            RunsWritten++;
        }
    }

    private struct Stream
    {
        public int Segment = SegmentLists.None;
        public int Next = 0;

        public Stream()
        {
        }
    }
}
