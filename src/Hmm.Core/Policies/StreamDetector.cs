// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Virtual;

namespace Hmm.Core.Policies;

/// <summary>
/// The default prefetch policy of one range: finds streams among its faults, forward, backward and strided, several at
/// once. Random access fills one page at a time; a stream's windows double up to megabytes, and each is asked for one
/// window before the reader needs it (<see cref="PageStream"/>).
/// </summary>
/// <remarks>
/// A stream whose pages are written after they were filled is remembered as writing, and its pages are installed
/// writable, which saves the second fault. Its marker is installed as it is touched, so that a stream that writes no
/// more is found out within a window.
/// Threads: any; a thread that finds the lock taken goes without prefetch rather than wait. Allocates nothing.
/// </remarks>
internal sealed class StreamDetector
{
    /// <summary>Streams followed at once: more than the threads that scan one range in practice.</summary>
    public const int StreamsMax = 16;

    // Four pages on the second fault in a row, then doubling to 4 MiB of 4 KiB pages: by then one fault is spread over
    // 1024 installs (about 2 ms), which hides both the fault and the device's latency.
    private const int FirstAheadPages = 4;
    private const int AheadPagesMax = 1024;
    private const int SequentialFirstAheadPages = 64;

    // Strided pages are read one by one: 128 of them keep a device's queue of 32 full four times over.
    private const int StridedAheadPagesMax = 128;

    // 2 MiB of 4 KiB pages: rows of a matrix; wider steps are rarer than two random faults that happen to agree.
    private const long StrideMax = 512;

    // A stream that was silent for as many faults of the range shares the windows with the others no more.
    private const int ActiveFaults = 64;

    private readonly Lock _gate = new();
    private readonly PageStream[] _streams = new PageStream[StreamsMax]; // Guarded by: _gate
    private readonly int _aheadPagesMax; // immutable
    private long _clock; // Guarded by: _gate

    /// <summary>Creates a detector.</summary>
    /// <param name="aheadPagesMax">
    /// The largest window; all active streams together get no more, so that they cannot take the whole budget.
    /// </param>
    public StreamDetector(long aheadPagesMax)
    {
        _aheadPagesMax = (int)Math.Clamp(aheadPagesMax, 0, AheadPagesMax);
    }

    /// <summary>Says what to bring along with a touched page.</summary>
    public FillPlan OnFault(long page, bool write, Advice advice)
    {
        if (advice == Advice.Random || !_gate.TryEnter())
        {
            return FillPlan.PageOnly;
        }

        try
        {
            ref var stream = ref FindLocked(page, out var match);
            var unwritten = stream.IsUnwritten;
            stream.Used = ++_clock;
            switch (match)
            {
                case StreamMatch.Inside:
                    return FillPlan.PageOnly;
                case StreamMatch.Near:
                    (stream.Candidate, stream.Last, stream.First) = (page - stream.Last, page, page);
                    (stream.Writes, stream.IsUnwritten) = (write, !write);
                    return FillPlan.PageOnly;
                case StreamMatch.None:
                    stream = new PageStream { First = page, Last = page, Writes = write, IsUnwritten = !write };
                    stream.Used = _clock;
                    return advice == Advice.Sequential
                        ? StartLocked(ref stream, page, 1, first: true)
                        : FillPlan.PageOnly;
                default:
                    break;
            }

            stream.Writes = write || (stream.Writes && !unwritten);
            stream.IsUnwritten = !write;
            return match switch
            {
                StreamMatch.Step => StartLocked(ref stream, page, page - stream.Last, first: false),
                StreamMatch.Beyond => RestartLocked(ref stream, page),
                _ => ContinueLocked(ref stream, page),
            };
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>Learns that a page that was installed write-protected was written.</summary>
    public void OnFirstWrite(long page)
    {
        if (!_gate.TryEnter())
        {
            return;
        }

        try
        {
            foreach (ref var stream in _streams.AsSpan())
            {
                if (stream.Covers(page))
                {
                    stream.Writes = true;
                    stream.IsUnwritten = stream.IsUnwritten && page != stream.Last;
                    return;
                }
            }
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>
    /// Learns that nothing from <paramref name="page"/> on was brought: a touch of it makes a stream go on.
    /// </summary>
    public void OnFillCut(long page)
    {
        lock (_gate)
        {
            foreach (ref var stream in _streams.AsSpan())
            {
                if (stream.Stride != 0 && stream.Covers(page))
                {
                    stream.Marker = page;
                    stream.End = page;
                    return;
                }
            }
        }
    }

    /// <summary>The first window: it ends at the marker, and there is nothing behind that yet.</summary>
    private FillPlan StartLocked(ref PageStream stream, long page, long stride, bool first)
    {
        stream.Stride = stride;
        stream.Ahead = Math.Min(first ? SequentialFirstAheadPages : FirstAheadPages, LimitLocked(stride));
        (stream.First, stream.Last) = (stream.Last, page);
        stream.Marker = page + (stride * (stream.Ahead + 1));
        stream.End = stream.Marker;
        return new FillPlan(page + stride, stream.Ahead, stride, -1, stream.Writes);
    }

    /// <summary>The reader is where nothing is issued: two windows, the second for it to find at the marker.</summary>
    private FillPlan RestartLocked(ref PageStream stream, long page)
    {
        var stride = stream.Stride;
        var limit = LimitLocked(stride);
        var ahead = Grow(stream.Ahead, limit);
        stream.Ahead = Grow(ahead, limit);
        (stream.First, stream.Last) = (stream.Last, page);
        stream.Marker = page + (stride * (ahead + 1));
        stream.End = stream.Marker + (stride * (stream.Ahead + 1));
        return new FillPlan(page + stride, ahead + 1 + stream.Ahead, stride, ahead, stream.Writes);
    }

    /// <summary>The reader enters the window that is there already: the next one, behind it.</summary>
    private FillPlan ContinueLocked(ref PageStream stream, long page)
    {
        var stride = stream.Stride;
        stream.Ahead = Grow(stream.Ahead, LimitLocked(stride));
        (stream.First, stream.Last) = (stream.Last, page);
        stream.Marker = stream.End;
        stream.End += stride * (stream.Ahead + 1);
        return new FillPlan(stream.Marker + stride, stream.Ahead, stride, -1, stream.Writes, IsBehindWindow: true);
    }

    private static int Grow(int ahead, int limit) => Math.Min(Math.Max(FirstAheadPages, ahead * 2), limit);

    private int LimitLocked(long stride)
    {
        var active = 1;
        foreach (ref var stream in _streams.AsSpan())
        {
            active += stream.Ahead > 0 && _clock - stream.Used is > 0 and < ActiveFaults ? 1 : 0;
        }

        var limit = stride is 1 or -1 ? _aheadPagesMax : Math.Min(_aheadPagesMax, StridedAheadPagesMax);
        return limit / active;
    }

    /// <summary>The stream that a page fits best, or the place of the one that was silent longest.</summary>
    private ref PageStream FindLocked(long page, out StreamMatch match)
    {
        match = StreamMatch.None;
        var found = 0;
        var oldest = 0;
        for (var i = 0; i < _streams.Length; i++)
        {
            var candidate = _streams[i].Match(page, StrideMax);
            if (candidate > match)
            {
                (match, found) = (candidate, i);
            }

            if (_streams[i].Used < _streams[oldest].Used)
            {
                oldest = i;
            }
        }

        return ref _streams[match == StreamMatch.None ? oldest : found];
    }
}
