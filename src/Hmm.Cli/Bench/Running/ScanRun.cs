// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Cli.Bench.Patterns;

namespace Hmm.Cli.Bench.Running;

/// <summary>
/// A hot set of half the budget, read at random: first alone, then with one page of a scan over everything between each
/// two reads. What counts is how much of the hot set's hit ratio the scan costs.
/// </summary>
internal sealed unsafe class ScanRun(BenchPlan plan, nint address, LatencyHistogram latencies)
{
    private const int WarmRounds = 4;
    private readonly long _hotPages = Math.Min(plan.BudgetBytes / PageWriter.PageBytes / 2, plan.Pages); // immutable
    private ulong _state = Draw.StateOf(plan.Seed, thread: 0); // owner thread
    private long _bad; // owner thread
    private long _reads; // owner thread
    private ulong _sink; // owner thread

    internal PhaseOutcome Run()
    {
        for (var i = 0L; i < _hotPages * WarmRounds; i++)
        {
            ReadHot();
        }

        var slowBefore = latencies.SlowCount;
        var begun = Stopwatch.GetTimestamp();
        for (var i = 0L; i < _hotPages; i++)
        {
            ReadHot();
        }

        var hitsBefore = 1 - ((latencies.SlowCount - slowBefore) / (double)_hotPages);
        slowBefore = latencies.SlowCount;
        for (var page = 0L; page < plan.Pages; page++)
        {
            ReadHot();
            ReadWhole(page);
        }

        var hitsDuring = 1 - ((latencies.SlowCount - slowBefore) / (double)plan.Pages);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;

        // Keeps the sums of the scan from being optimized away.
        Volatile.Write(ref _sink, _sink);
        return new PhaseOutcome(seconds, _reads, Writes: 0, _bad, hitsBefore, hitsDuring);
    }

    private void ReadHot()
    {
        var page = (long)((ulong)Draw.Below(Draw.Next(ref _state), _hotPages) * 2654435761 % (ulong)plan.Pages);
        var before = Stopwatch.GetTimestamp();
        _bad += *Words(page) == PageWriter.TagOf(page) ? 0 : 1;
        latencies.Add(Stopwatch.GetTimestamp() - before);
        _reads++;
    }

    private void ReadWhole(long page)
    {
        foreach (var word in new ReadOnlySpan<ulong>(Words(page), PageWriter.PageWords))
        {
            _sink += word;
        }

        _bad += *Words(page) == PageWriter.TagOf(page) ? 0 : 1;
        _reads++;
    }

    // Safe because every page that is read is below the number of pages.
    private ulong* Words(long page) => (ulong*)address + (page * PageWriter.PageWords);
}
