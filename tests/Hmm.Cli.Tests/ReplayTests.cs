// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.Json;
using Hmm.Cli.Replay;
using Hmm.Cli.Reports;
using Hmm.Cli.Tests.Support;
using Hmm.Host.Tracing;
using Hmm.Uapi;

namespace Hmm.Cli.Tests;

/// <summary>Replays of traces that are made up, so that what must come out is known.</summary>
public sealed class ReplayTests : IDisposable
{
    private const long MiB = 1 << 20;
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void WhatFitsMissesOncePerPage()
    {
        var log = Load(new TraceBuilder().Touch(Enumerable.Repeat(Enumerable.Range(0, 400), 5).SelectMany(all => all)));
        foreach (var policy in PolicyChoice.Parse("all"))
        {
            var result = policy.Run(log, 2 * MiB, residences: null, prefetches: true);
            Assert.Equal((2000, 400, 400, 0), (result.Accesses, result.Faults, result.Fills, result.Evictions));
            Assert.Equal(0.8, result.HitRatio, 6);
        }
    }

    [Fact]
    public void ALoopOverMoreThanFitsHitsNothingWithLruAndAThirdWithCyclic()
    {
        var path = new TraceBuilder().Touch(
            Enumerable.Repeat(Enumerable.Range(0, 1500), 10).SelectMany(all => all)).Write(_folder);
        var results = HmmProcess.Run(
            "replay", path, "--policy", "lru,cyclic,optimum", "--budget", "2MiB", "--no-prefetch", "--json")
            .Ended(ExitCode.Ok).Json.GetProperty("results");
        double Hits(int i) => results[i].GetProperty("hitRatio").GetDouble();
        Assert.Equal(0, Hits(0));
        Assert.InRange(Hits(1), 0.2, 0.34);
        Assert.InRange(Hits(2), Hits(1), 0.35);
    }

    [Fact]
    public void AScanIsBroughtAheadAsTheHostWould()
    {
        var log = Load(new TraceBuilder()
            .Add(TraceKind.Advised, count: (uint)Advice.Normal).Touch(Enumerable.Range(0, 4000)));
        var choice = PolicyChoice.Parse(PolicyChoice.Default)[0];
        var ahead = choice.Run(log, 2 * MiB, residences: null, prefetches: true);
        Assert.InRange(ahead.Faults, 4000 / 17, 4000 / 10);
        Assert.InRange(ahead.Fills, 4000, 4000 + 32);
        Assert.Equal(4000, choice.Run(log, 2 * MiB, residences: null, prefetches: false).Faults);
    }

    [Fact]
    public void OnlyWhatIsBehindTheLastMarkCountsAndOfWhatTheApplicationCounted()
    {
        var builder = new TraceBuilder { Accesses = 1000 };
        builder.Touch(Enumerable.Range(0, 300)).Add(TraceKind.Mark).Touch(Enumerable.Range(200, 200));
        var result = PolicyChoice.Parse("lru")[0].Run(Load(builder), 2 * MiB, residences: null, prefetches: false);
        Assert.Equal((1000, 100), (result.Accesses, result.Faults));
        Assert.Equal(0.9, result.HitRatio, 6);
    }

    [Fact]
    public void WhatIsDroppedOrClosedIsAwayAndItsDramIsFree()
    {
        var builder = new TraceBuilder().Touch(Enumerable.Range(0, 300)).Add(TraceKind.Dropped, 0, 100)
            .Touch(Enumerable.Range(0, 300)).Add(TraceKind.Closed);
        foreach (var policy in PolicyChoice.Parse("all"))
        {
            var result = policy.Run(Load(builder), 2 * MiB, residences: null, prefetches: false);
            Assert.Equal((400, 0), (result.Faults, result.Evictions));
        }
    }

    [Fact]
    public void LargePagesTakeAsManyFramesAsTheyHave()
    {
        var builder = new TraceBuilder { PageShift = 16 };
        builder.Touch(Enumerable.Repeat(Enumerable.Range(0, 40), 4).SelectMany(all => all));
        var log = Load(builder);
        Assert.Equal(40 << 16, log.BytesUsed);
        var choice = PolicyChoice.Parse("lru")[0];
        Assert.Equal(160, choice.Run(log, 2 * MiB, residences: null, prefetches: false).Faults);
        Assert.Equal(40, choice.Run(log, 4 * MiB, residences: null, prefetches: false).Faults);
    }

    [Fact]
    public void ATraceOfFaultsIsTakenToHaveUsesWhileAPageWasThere()
    {
        // Each page comes, stays for 100 turns, is away for one and comes back: it is in use all the time.
        var builder = new TraceBuilder { Mode = TraceMode.Faults };
        for (var turn = 0; turn < 2000; turn++)
        {
            for (var page = 0; page < 10; page++)
            {
                var phase = (turn + (page * 10)) % 101;
                if (phase == 100)
                {
                    builder.Add(TraceKind.Evicted, page);
                }
                else if (phase == 0 || turn == 0)
                {
                    builder.Add(TraceKind.Fault, page).Add(TraceKind.Filled, page);
                }
            }

            // What else happens pushes everything out of a small budget every few turns.
            for (var other = 0; other < 100; other++)
            {
                builder.Add(TraceKind.Fault, 1000 + (((turn * 100) + other) % 20_000));
                builder.Add(TraceKind.Filled, 1000 + (((turn * 100) + other) % 20_000));
                builder.Add(TraceKind.Evicted, 1000 + (((turn * 100) + other) % 20_000));
            }
        }

        var log = Load(builder);
        var seen = new Residences(log);
        var lru = PolicyChoice.Parse("lru")[0];
        var faultsOfOthers = 2000 * 100;
        var blind = lru.Run(log, 2 * MiB, residences: null, prefetches: false).Faults - faultsOfOthers;
        var right = lru.Run(log, 2 * MiB, seen, prefetches: false).Faults - faultsOfOthers;
        Assert.InRange(blind, 150, 250);

        // About one fault each time the page was pushed out: every 500 uses of others, so 400 times a page.
        Assert.InRange(right, 2500, 4500);
    }

    [Fact]
    public void TheSentenceNamesTheSmallestBudgetThatIsEnough()
    {
        List<ReplayResult> curve =
        [
            new("p", 2 * MiB, 100, 50, 50, 0), new("p", 4 * MiB, 100, 11, 11, 0), new("p", 8 * MiB, 100, 10, 10, 0),
        ];
        Assert.StartsWith("4.00 MiB of DRAM are enough", Curve.Advice(curve, null, 2), StringComparison.Ordinal);
        Assert.StartsWith("8.00 MiB of DRAM are enough", Curve.Advice(curve, null, 0.5), StringComparison.Ordinal);
        Assert.StartsWith("2.00 MiB of DRAM are enough", Curve.Advice(curve, 0.5, 2), StringComparison.Ordinal);
        Assert.Contains("None of these budgets reaches 95 %", Curve.Advice(curve, 0.95, 2), StringComparison.Ordinal);
    }

    [Fact]
    public void TheCommandPrintsATableAPlotAndASentenceAndDraws()
    {
        var path = new TraceBuilder { Dropped = 3 }.Touch(
            Enumerable.Repeat(Enumerable.Range(0, 1500), 4).SelectMany(all => all)).Write(_folder);
        var svg = Path.Combine(_folder.Path, "curve.svg");
        var output = HmmProcess.Run("replay", path, "--policy", "all", "--svg", svg).Ended(ExitCode.Ok).Output;
        Assert.Contains("3 records were dropped", output, StringComparison.Ordinal);
        Assert.Contains("s3-fifo", output, StringComparison.Ordinal);
        Assert.Contains("of DRAM are enough with three-queues", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', output);
        var drawing = File.ReadAllText(svg);
        Assert.StartsWith("<svg", drawing, StringComparison.Ordinal);
        Assert.Contains("optimum</text>", drawing, StringComparison.Ordinal);
        var json = HmmProcess.Run("replay", path, "--budget", "2MiB,8MiB", "--json").Ended(ExitCode.Ok).Json;
        Assert.Equal(2, json.GetProperty("results").GetArrayLength());
        Assert.Equal(JsonValueKind.Array, json.GetProperty("warnings").ValueKind);
        Assert.Equal(1500, json.GetProperty("results")[1].GetProperty("faults").GetInt64());
    }

    [Fact]
    public void InfoSaysWhatATraceHoldsAndThatItWasCutShort()
    {
        var path = new TraceBuilder().Touch(1, 2, 3, 2).Write(_folder, isComplete: false);
        var output = HmmProcess.Run("trace", "info", path).Ended(ExitCode.Ok).Output;
        Assert.Contains("cut short", output, StringComparison.Ordinal);
        var json = HmmProcess.Run("trace", "info", path, "--json").Ended(ExitCode.Ok).Json;
        Assert.Equal(3, json.GetProperty("pagesUsed").GetInt64());
        Assert.False(json.GetProperty("isComplete").GetBoolean());
        Assert.Equal("r", json.GetProperty("ranges")[0].GetProperty("name").GetString());
    }

    [Fact]
    public void AFullTraceWhosePagesLeftTooLateSaysSo()
    {
        var builder = new TraceBuilder();
        for (var page = 0; page < 400; page++)
        {
            builder.Add(TraceKind.Fault, page).Add(TraceKind.Filled, page);
        }

        var late = TraceReport.Warnings(Load(builder)).Single();
        Assert.StartsWith("Reclaim was late", late, StringComparison.Ordinal);
        builder = new TraceBuilder();
        for (var page = 0; page < 400; page++)
        {
            builder.Add(TraceKind.Fault, page).Add(TraceKind.Filled, page).Add(TraceKind.Evicted, page);
        }

        Assert.Empty(TraceReport.Warnings(Load(builder)));
    }

    [Fact]
    public void WhatCannotBeReplayedIsRefused()
    {
        var path = new TraceBuilder().Touch(1, 2, 3).Write(_folder);
        var empty = new TraceBuilder().Write(_folder, "empty");
        var bytes = File.ReadAllBytes(path);
        bytes[TraceHeader.SizeBytes + 50] ^= 1;
        var damaged = _folder.Write("damaged", bytes);
        var foreign = _folder.Write("foreign", "not a trace, but some text that is long enough"u8);
        var outside = new TraceBuilder { PageCount = 2 }.Touch(5).Write(_folder, "outside");
        HmmProcess.Run("replay", Path.Combine(_folder.Path, "none")).Refused(ExitCode.Data, "cannot be read");
        HmmProcess.Run("replay", empty).Refused(ExitCode.Data, "nothing to replay");
        HmmProcess.Run("replay", damaged).Refused(ExitCode.Data, "block 0, at byte 256, is damaged");
        HmmProcess.Run("replay", foreign).Refused(ExitCode.Data, "no trace");
        HmmProcess.Run("replay", outside).Refused(ExitCode.Data, "pages that its range has not");
        HmmProcess.Run("replay", path, "--budget", "1MiB").Refused(ExitCode.Usage, "at least 2MiB");
        HmmProcess.Run("replay", path, "--budget", "much").Refused(ExitCode.Usage, "is not a size");
        HmmProcess.Run("replay", path, "--policy", "best").Refused(ExitCode.Usage, "no policy 'best'");
        HmmProcess.Run("replay", path, "--policy", "null").Refused(ExitCode.Usage, "offers no policy");
        HmmProcess.Run("replay", path, "--hit-ratio", "200").Refused(ExitCode.Usage, "0 to 100");
        HmmProcess.Run("replay", path, "--svg", "/no/such/x.svg").Ended(ExitCode.Usage);
    }

    public void Dispose() => _folder.Dispose();

    private TraceLog Load(TraceBuilder builder) => TraceLog.Load(builder.Write(_folder));
}
