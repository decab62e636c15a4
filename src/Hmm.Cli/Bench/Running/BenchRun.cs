// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Spaces;
using Hmm.Uapi;

namespace Hmm.Cli.Bench.Running;

/// <summary>
/// One run of one plan in this process: prepare, warm, measure, check. A memory limit holds from the moment that the
/// memory is open, so that start-up is not squeezed by it.
/// </summary>
internal sealed class BenchRun
{
    private const double Unlimited = 1e6; // seconds: the work ends it

    // Beyond the budget: what the runtime compiles and the kernel accounts for later than the limit is set.
    private const long KernelSlackBytes = 8 << 20;

    // Our host takes memory of its own (page tables, frames, buffers) as pages come. Its range is held by the budget
    // and not by this limit, which only shows that nothing else grows without bound.
    private const long HostSlackBytes = 256 << 20;

    private readonly BenchPlan _plan; // immutable
    private readonly MemoryGroup? _group; // immutable
    private readonly BenchFile? _file; // immutable
    private long _limitBytes; // owner thread
    private long _bad; // owner thread

    internal BenchRun(BenchPlan plan)
    {
        _plan = plan;
        _group = plan.GroupPath.Length > 0 ? MemoryGroup.Open(plan.GroupPath) : null;
        _file = plan.IsOnFile ? BenchFile.Prepare(plan.FilePath, plan.SizeBytes, plan.Pattern.Content()) : null;
    }

    internal BenchResult Run()
    {
        _file?.DropCache();
        var cached = _file?.CachedShare() ?? 0;
        if (_plan.Writes)
        {
            _file?.BeginWriting();
        }

        var space = _plan.Target.Open(_plan);
        BenchResult result;
        double syncSeconds = 0, unmapSeconds;
        try
        {
            SetLimit();
            var fillSeconds = Timed(() => Fill(space));
            result = _plan.Pattern.IsPhased() ? RunPhased(space) : RunAccesses(space);
            space.EndMeasuring(result.Ops);
            syncSeconds = Timed(space.Flush);
            result = result with { CachedBefore = cached, FillS = fillSeconds };
            if (_file is null)
            {
                result = result with { VerifyS = Timed(() => CheckSpace(space, result.WarmWrites + result.Writes)) };
            }
        }
        finally
        {
            unmapSeconds = Timed(space.Dispose);
        }

        var peak = _group?.PeakBytes ?? 0;
        if (_file is not null && _plan.Writes && !_plan.Pattern.Consumes())
        {
            _file.DropCache();
            var writes = result.WarmWrites + result.Writes;
            result = result with { VerifyS = Timed(() => _bad += _file.Check(writes)) };
        }

        return result with
        {
            SyncS = syncSeconds,
            UnmapS = unmapSeconds,
            CgMax = peak,
            Limit = _limitBytes,
            Bad = result.Bad + _bad,
        };
    }

    private static double Timed(Action action)
    {
        var begun = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private void SetLimit()
    {
        if (_group is not null)
        {
            var slack = _plan.Target == BenchTarget.Hmm ? HostSlackBytes + PoolBytes : KernelSlackBytes;
            _limitBytes = _plan.BudgetBytes + _group.OwnBytes + slack;
            _group.SetLimit(_limitBytes);
        }
    }

    /// <summary>
    /// The most that compressed memory takes of DRAM. The kernel does not charge its own pools to anybody, so neither
    /// is ours counted.
    /// </summary>
    private long PoolBytes =>
        _plan.Devices.Any(static device => device.StartsWith("compressed", StringComparison.Ordinal))
            ? _plan.SizeBytes
            : 0;

    /// <summary>Writes the contents into memory that has no file.</summary>
    private unsafe void Fill(IBenchSpace space)
    {
        if (_file is not null)
        {
            return;
        }

        using var data = _plan.DataPath.Length > 0 ? RealData.Open(_plan.DataPath) : null;
        for (var page = 0L; page < space.Pages; page++)
        {
            // Safe because the page is one of the space's.
            var words = new Span<ulong>(
                (ulong*)space.Address + (page * PageWriter.PageWords), PageWriter.PageWords);
            PageWriter.Fill(_plan.Pattern.Content(), page, space.Pages, words);
            data?.Fill(words);
        }
    }

    private BenchResult RunAccesses(IBenchSpace space)
    {
        var run = new AccessRun(_plan);
        if ((_plan.WarmSeconds > 0 || _plan.WarmOps > 0) && !_plan.Pattern.IsSequential())
        {
            var limit = _plan.WarmOps > 0 ? Unlimited : _plan.WarmSeconds;
            run.Run(space, _plan.Seed + 1000003, limit, _plan.WarmOps);
        }

        var (warmOps, warmWrites, warmSeconds) = (run.Latencies.Count, run.Writes, run.Seconds);
        var seconds = _plan.Pattern.IsSequential() || (_plan.Ops > 0 && _plan.Seconds == 0)
            ? Unlimited
            : _plan.Seconds;
        var result = Measure(space, () => run.Run(space, _plan.Seed, seconds, _plan.Ops));
        return WithLatencies(result, run.Latencies) with
        {
            WarmOps = warmOps,
            WarmWrites = warmWrites,
            WarmS = warmSeconds,
            Ops = run.Latencies.Count,
            Reads = run.Reads,
            Writes = run.Writes,
            Secs = run.Seconds,
            OpsS = run.Latencies.Count / run.Seconds,
            MegabytesS = run.Latencies.Count * (double)PageWriter.PageBytes / run.Seconds / 1e6,
            Bad = run.Bad,
            Sink = run.Sink,
        };
    }

    private BenchResult RunPhased(IBenchSpace space)
    {
        var latencies = new LatencyHistogram();
        PhaseOutcome outcome = null!;
        var result = Measure(space, () => outcome = PhasedRun.Run(_plan, space.Address, latencies));
        return WithLatencies(result, latencies) with
        {
            Ops = outcome.Reads,
            Reads = outcome.Reads,
            Writes = outcome.Writes,
            Secs = outcome.Seconds,
            OpsS = outcome.Reads / outcome.Seconds,
            MegabytesS = _plan.SizeBytes / outcome.Seconds / 1e6,
            HitsBefore = outcome.HitsBefore,
            HitsDuring = outcome.HitsDuring,
            Bad = outcome.Bad,
        };
    }

    private BenchResult Measure(IBenchSpace space, Action body)
    {
        space.BeginMeasuring();
        var statistics = space.Statistics;
        var before = SystemCounters.Read(space.HostProcessId);
        ulong peak;
        using (var sampler = new ResidentSampler(space))
        {
            body();
            peak = sampler.PeakBytes;
        }

        var used = SystemCounters.Read(space.HostProcessId) - before;
        return WithCounters(used, statistics, space.Statistics) with { ResidentPeak = peak };
    }

    private BenchResult WithCounters(in SystemCounters used, in Statistics before, in Statistics after) => new()
    {
        Backend = _plan.Target.Name(),
        Op = _plan.Pattern.Name(),
        Threads = _plan.Pattern.IsPhased() ? 1 : _plan.Threads,
        Advice = _plan.Target == BenchTarget.Hmm ? _plan.Advice.ToString().ToLowerInvariant() : "",
        Device = _plan.Target == BenchTarget.Hmm ? string.Join(' ', _plan.Devices) : "",
        Size = _plan.SizeBytes,
        Budget = _plan.BudgetBytes,
        Seed = _plan.Seed,
        ReadAheadKib = ReadAhead.Kibibytes(_plan.DeviceFolder),
        UserS = used.UserSeconds,
        SysS = used.SystemSeconds,
        HostCpuS = used.HostSeconds,
        MinorFaults = used.MinorFaults,
        MajorFaults = used.MajorFaults,
        RdBytes = used.ReadBytes,
        WrBytes = used.WrittenBytes,
        PagedInKib = used.PagedInKib,
        PagedOutKib = used.PagedOutKib,
        SwappedIn = used.SwappedIn,
        SwappedOut = used.SwappedOut,
        StealPct = used.TotalTicks > 0 ? 100.0 * used.StolenTicks / used.TotalTicks : 0,
        Faults = after.Faults - before.Faults,
        WpFaults = after.WriteProtectFaults - before.WriteProtectFaults,
        DuplicateFaults = after.DuplicateFaults - before.DuplicateFaults,
        FilledPages = after.FilledPages - before.FilledPages,
        PrefetchedPages = after.PrefetchedPages - before.PrefetchedPages,
        EvictedPages = after.EvictedPages - before.EvictedPages,
        BytesIn = after.BytesIn - before.BytesIn,
        BytesOut = after.BytesOut - before.BytesOut,
        MemoryWaits = after.MemoryWaits - before.MemoryWaits,
    };

    private static BenchResult WithLatencies(BenchResult result, LatencyHistogram latencies) => result with
    {
        MeanUs = latencies.Count > 0 ? latencies.SumNs / latencies.Count / 1000 : 0,
        P50Us = latencies.QuantileNs(0.5) / 1000,
        P90Us = latencies.QuantileNs(0.9) / 1000,
        P99Us = latencies.QuantileNs(0.99) / 1000,
        P999Us = latencies.QuantileNs(0.999) / 1000,
        MaxUs = latencies.MaxNs / 1000.0,
        FaultP50Us = latencies.SlowQuantileNs(0.5) / 1000,
        SlowFrac = latencies.Count > 0 ? latencies.SlowCount / (double)latencies.Count : 0,
    };

    /// <summary>Reads all of a space that has no file: each page has its tag, and the writes add up.</summary>
    private unsafe void CheckSpace(IBenchSpace space, long writes)
    {
        if (_plan.Pattern.Content() != PageContent.Half || !_plan.Writes)
        {
            return;
        }

        var sum = 0UL;
        for (var page = 0L; page < space.Pages; page++)
        {
            // Safe because the page is one of the space's.
            var words = (ulong*)space.Address + (page * PageWriter.PageWords);
            _bad += words[0] == PageWriter.TagOf(page) ? 0 : 1;
            sum += words[1];
        }

        _bad += sum == (ulong)writes ? 0 : 1;
    }
}
