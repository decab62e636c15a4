// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Virtual;

namespace Hmm.Core.Policies;

/// <summary>
/// The default prefetch policy of one range: finds sequential streams among its faults. A fault just where a stream's
/// last fill ended continues it and doubles its window; any other fault begins a stream of its own, with no window, so
/// random access fills one page at a time. A stream whose pages are written after they were filled is remembered as
/// writing, and its pages are installed writable, which saves the second fault.
/// </summary>
/// <remarks>Threads: any; a thread that finds the lock taken goes without prefetch rather than wait.</remarks>
internal sealed class StreamDetector
{
    /// <summary>Streams followed at once: more than the threads that scan one range in practice.</summary>
    public const int StreamsMax = 8;

    // Four pages on the second fault in a row, then doubling to 4 MiB of 4 KiB pages: by then one fault is spread over
    // 1024 installs (about 2 ms), which hides both the fault and the device's latency.
    private const int FirstAheadPages = 4;
    private const int AheadPagesMax = 1024;
    private const int SequentialFirstAheadPages = 64;

    private readonly Lock _gate = new();
    private readonly Stream[] _streams = new Stream[StreamsMax]; // Guarded by: _gate
    private readonly int _aheadPagesMax; // immutable
    private long _clock; // Guarded by: _gate

    /// <summary>Creates a detector.</summary>
    /// <param name="aheadPagesMax">The largest window, so that one stream cannot take the whole budget.</param>
    public StreamDetector(long aheadPagesMax)
    {
        _aheadPagesMax = (int)Math.Clamp(aheadPagesMax, 0, AheadPagesMax);
    }

    /// <summary>Says what to fill for a fault on <paramref name="page"/>.</summary>
    public FillPlan OnFault(long page, bool write, Advice advice)
    {
        if (advice == Advice.Random || !_gate.TryEnter())
        {
            return new FillPlan(0, write);
        }

        try
        {
            ref var stream = ref FindLocked(page, out var continues);
            var ahead = continues ? Math.Max(FirstAheadPages, stream.Ahead * 2) : 0;
            if (advice == Advice.Sequential)
            {
                ahead = Math.Max(ahead, SequentialFirstAheadPages);
            }

            ahead = Math.Min(ahead, _aheadPagesMax);
            stream.Writes = (continues && stream.Writes) || write;
            stream.First = continues ? stream.First : page;
            stream.Next = page + 1 + ahead;
            stream.Ahead = ahead;
            stream.Used = ++_clock;
            return new FillPlan(ahead, stream.Writes);
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
                if (page >= stream.First && page < stream.Next)
                {
                    stream.Writes = true;
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
    /// Learns that the fill of a stream ended earlier than planned, so the next fault comes earlier
    /// too.
    /// </summary>
    public void OnFillCut(long plannedEnd, long end)
    {
        lock (_gate)
        {
            foreach (ref var stream in _streams.AsSpan())
            {
                if (stream.Next == plannedEnd && stream.Used != 0)
                {
                    stream.Next = end;
                    return;
                }
            }
        }
    }

    private ref Stream FindLocked(long page, out bool continues)
    {
        var oldest = 0;
        for (var i = 0; i < _streams.Length; i++)
        {
            // A little past the end still continues it: the pages between were resident already.
            if ((ulong)(page - _streams[i].Next) <= (ulong)(_streams[i].Ahead / 2) && _streams[i].Used != 0)
            {
                continues = true;
                return ref _streams[i];
            }

            if (_streams[i].Used < _streams[oldest].Used)
            {
                oldest = i;
            }
        }

        continues = false;
        return ref _streams[oldest];
    }

    private struct Stream
    {
        public long First;
        public long Next;
        public long Used;
        public int Ahead;
        public bool Writes;
    }
}
