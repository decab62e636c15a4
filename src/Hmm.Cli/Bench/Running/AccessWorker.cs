// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Spaces;

namespace Hmm.Cli.Bench.Running;

/// <summary>
/// One thread of an access pattern: draws a page, touches it, times that, checks it. Allocates nothing while it runs.
/// </summary>
internal sealed unsafe class AccessWorker
{
    private readonly BenchPlan _plan; // immutable
    private readonly int _thread; // immutable
    private readonly Zipf? _zipf; // immutable
    private readonly long[] _words; // owner thread; what is announced
    private ulong _state; // owner thread
    private long _position; // owner thread
    private long[] _next; // owner thread; drawn, and announced: twice the page, and 1 for a write
    private long[] _afterNext; // owner thread; the same, for when these are used up
    private int _used; // owner thread; of the next

    internal AccessWorker(BenchPlan plan, int thread, ulong seed, Zipf? zipf)
    {
        _plan = plan;
        _thread = thread;
        _zipf = zipf;
        _state = Draw.StateOf(seed, thread);
        _next = new long[plan.PrefetchPages];
        _afterNext = new long[plan.PrefetchPages];
        _words = new long[plan.PrefetchPages];
    }

    internal LatencyHistogram Latencies { get; } = new();

    internal long Reads { get; private set; }

    internal long Writes { get; private set; }

    /// <summary>Reads that found another value than they must.</summary>
    internal long Bad { get; private set; }

    /// <summary>Keeps the sums that are read from being optimized away.</summary>
    internal ulong Sink { get; private set; }

    private long First => _plan.Pages * _thread / _plan.Threads;

    private long End => _plan.Pages * (_thread + 1) / _plan.Threads;

    /// <summary>Runs until the time is up, the accesses are done, or a sequential pattern is at its end.</summary>
    internal void Run(IBenchSpace space, double seconds, long ops)
    {
        var pattern = _plan.Pattern;
        var limit = ops > 0 ? Math.Max(1, ops / _plan.Threads) : long.MaxValue;
        if (pattern.IsSequential())
        {
            limit = Math.Min(limit, End - First);
        }

        _position = 0;
        if (_next.Length > 0)
        {
            Announce(space, _next);
            Announce(space, _afterNext);
        }

        var address = (ulong*)space.Address;
        var end = Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);
        for (var i = 0L; i < limit; i++)
        {
            var page = _next.Length > 0 ? TakeAnnounced(space, out var write) : NextPage(pattern, out write);

            // Safe because every pattern draws pages below the number of pages that the address has.
            var words = address + (page * PageWriter.PageWords);
            var before = Stopwatch.GetTimestamp();
            if (write)
            {
                Interlocked.Increment(ref *(long*)(words + 1));
                Writes++;
            }
            else
            {
                Read(words, page, whole: pattern == AccessPattern.SeqRead);
            }

            var after = Stopwatch.GetTimestamp();
            Latencies.Add(after - before);
            if (after >= end)
            {
                break;
            }
        }
    }

    private void Read(ulong* words, long page, bool whole)
    {
        Bad += Volatile.Read(ref words[0]) == PageWriter.TagOf(page) ? 0 : 1;
        Reads++;
        if (!whole)
        {
            return;
        }

        var sum = 0UL;
        foreach (var word in new ReadOnlySpan<ulong>(words, PageWriter.PageWords))
        {
            sum += word;
        }

        Sink += sum;
    }

    private void Announce(IBenchSpace space, long[] draws)
    {
        for (var i = 0; i < draws.Length; i++)
        {
            var page = NextPage(_plan.Pattern, out var write);
            draws[i] = (page << 1) + (write ? 1 : 0);
            _words[i] = page * PageWriter.PageWords;
        }

        space.Prefetch(_words);
    }

    private long TakeAnnounced(IBenchSpace space, out bool write)
    {
        if (_used == _next.Length)
        {
            (_next, _afterNext) = (_afterNext, _next);
            _used = 0;
            Announce(space, _afterNext);
        }

        var draw = _next[_used++];
        write = (draw & 1) != 0;
        return draw >> 1;
    }

    private long NextPage(AccessPattern pattern, out bool write)
    {
        var pages = _plan.Pages;
        write = pattern is AccessPattern.RandWrite or AccessPattern.SeqWrite;
        switch (pattern)
        {
            case AccessPattern.RandRead or AccessPattern.RandWrite:
                return Draw.Below(Draw.Next(ref _state), pages);
            case AccessPattern.RandRw:
                var page = Draw.Below(Draw.Next(ref _state), pages);
                write = NextIsWrite();
                return page;
            case AccessPattern.Zipf:
                page = _zipf!.Next(ref _state);
                write = NextIsWrite();
                return page;
            case AccessPattern.Hot:
                page = NextHot(ref _state, pages);
                write = NextIsWrite();
                return page;
            case AccessPattern.Strided:
                return First + Strided(_position++, End - First);
            default:
                return First + _position++;
        }
    }

    private bool NextIsWrite() => (uint)Draw.Next(ref _state) < _plan.WriteFraction * (1UL << 32);

    /// <summary>Nine of ten draws are among a tenth of the pages, which is scattered over all of them.</summary>
    private static long NextHot(ref ulong state, long pages)
    {
        var hot = pages / 10;
        var choice = Draw.Next(ref state);
        var draw = Draw.Next(ref state);
        var index = choice % 10 != 0 ? Draw.Below(draw, hot) : hot + Draw.Below(draw, pages - hot);
        return (long)((ulong)index * 2654435761 % (ulong)pages);
    }

    /// <summary>Every 16th page first, then every 16th from the second one on, and so on.</summary>
    private static long Strided(long position, long count)
    {
        const long Stride = 16;
        var longColumns = count % Stride;
        var longLength = (count / Stride) + 1;
        var inLong = longColumns * longLength;
        return position < inLong
            ? (position / longLength) + (position % longLength * Stride)
            : longColumns
                + ((position - inLong) / (longLength - 1))
                + ((position - inLong) % (longLength - 1) * Stride);
    }
}
