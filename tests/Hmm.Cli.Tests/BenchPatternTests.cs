// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Bench.Comparing;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Running;
using Hmm.Cli.Bench.Spaces;
using Hmm.Uapi;

namespace Hmm.Cli.Tests;

/// <summary>Patterns draw what others that follow the same description draw, and say so in the same numbers.</summary>
public sealed class BenchPatternTests
{
    [Fact]
    public void DrawsAreSplitMix64()
    {
        // The reference implementation's first outputs for the state 1234567.
        var state = 1234567UL;
        ulong[] expected =
        [
            6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
        ];
        foreach (var number in expected)
        {
            Assert.Equal(number, Draw.Next(ref state));
        }
    }

    [Fact]
    public void FnvIsFnv1A64()
    {
        // FNV-1a of eight zero bytes.
        Assert.Equal(0xA8C7F832281A39C5UL, Draw.Fnv1A(0));
    }

    [Fact]
    public void ZipfFavoursItsFirstRanksAsItsLawSays()
    {
        const int Draws = 200_000;
        const long Pages = 10_000;
        var zipf = new Zipf(Pages, 0.99);
        var counts = new Dictionary<long, int>();
        var state = Draw.StateOf(1, 0);
        for (var i = 0; i < Draws; i++)
        {
            var page = zipf.Next(ref state);
            Assert.InRange(page, 0, Pages - 1);
            counts[page] = counts.GetValueOrDefault(page) + 1;
        }

        // Rank 0 has the share 1 / sum of i^-0.99 = 1 / 10.22 of all draws.
        var first = (long)(Draw.Fnv1A(0) % (ulong)Pages);
        Assert.InRange(counts[first] / (double)Draws, 0.090, 0.106);
    }

    [Theory]
    [InlineData(1, 64)]
    [InlineData(2, 64)]
    [InlineData(1, 61)]
    [InlineData(3, 100)]
    [InlineData(1, 7)]
    public void AStridedWalkMeetsEveryPageOnce(int threads, int pages)
    {
        var plan = new BenchPlan
        {
            Pattern = AccessPattern.Strided, SizeBytes = pages * 4096L, Threads = threads, Seconds = 60,
        };
        var memory = new ulong[pages * PageWriter.PageWords];
        for (var page = 0; page < pages; page++)
        {
            PageWriter.Fill(PageContent.Half, page, pages, memory.AsSpan(page * PageWriter.PageWords, 512));
        }

        var run = Run(plan, memory);
        Assert.Equal(pages, run.Reads);
        Assert.Equal(0, run.Bad);
    }

    [Fact]
    public void AWrongValueIsFound()
    {
        var plan = new BenchPlan { Pattern = AccessPattern.SeqRead, SizeBytes = 4 * 4096, Seconds = 60 };
        var memory = new ulong[4 * PageWriter.PageWords];
        for (var page = 0; page < 4; page++)
        {
            PageWriter.Fill(PageContent.Half, page, 4, memory.AsSpan(page * PageWriter.PageWords, 512));
        }

        memory[2 * PageWriter.PageWords]++;
        Assert.Equal(1, Run(plan, memory).Bad);
    }

    [Fact]
    public void TwoThreadsLoseNoWrite()
    {
        var plan = new BenchPlan
        {
            Pattern = AccessPattern.RandWrite, SizeBytes = 4 * 4096, Threads = 2, Seconds = 60,
        };
        var memory = new ulong[4 * PageWriter.PageWords];
        var run = Run(plan, memory, ops: 100_000);
        Assert.Equal(100_000, run.Writes);
        var sum = 0UL;
        for (var page = 0; page < 4; page++)
        {
            sum += memory[(page * PageWriter.PageWords) + 1];
        }

        Assert.Equal(100_000UL, sum);
    }

    [Fact]
    public void WhatIsAnnouncedIsWhatIsAccessedAndWhatWouldBeWithout()
    {
        const int Pages = 64;
        const int Ops = 100;
        var plan = new BenchPlan { Pattern = AccessPattern.RandWrite, SizeBytes = Pages * 4096, Seconds = 60 };
        var told = new ulong[Pages * PageWriter.PageWords];
        var untold = new ulong[Pages * PageWriter.PageWords];
        var announced = new List<long>();
        Run(plan with { PrefetchPages = 16 }, told, Ops, announced.Add);
        Run(plan, untold, Ops);
        Assert.Equal(untold, told);
        var counts = new ulong[told.Length];
        foreach (var word in announced.Take(Ops))
        {
            counts[word + 1]++;
        }

        Assert.Equal(told, counts);
    }

    [Fact]
    public unsafe void AJoinFindsItsPartnersAndNoticesWhenOneIsMissing()
    {
        const int Pages = 64;
        var memory = new ulong[Pages * PageWriter.PageWords];
        var plan = new BenchPlan { Pattern = AccessPattern.Join, SizeBytes = Pages * 4096L };
        fixed (ulong* words = memory)
        {
            Fill();
            Assert.Equal(0, new JoinRun(plan, (nint)words, new LatencyHistogram()).Run().Bad);

            // A probing row that has a partner gets a key that none has.
            Fill();
            memory[new JoinLayout(Pages).ProbeFirstPage * PageWriter.PageWords] = 2;
            Assert.Equal(1, new JoinRun(plan, (nint)words, new LatencyHistogram()).Run().Bad);
        }

        void Fill()
        {
            for (var page = 0; page < Pages; page++)
            {
                PageWriter.Fill(PageContent.Rows, page, Pages, memory.AsSpan(page * PageWriter.PageWords, 512));
            }
        }
    }

    [Fact]
    public void QuantilesAreWithinABucket()
    {
        var histogram = new LatencyHistogram();
        for (var ns = 1L; ns <= 100_000; ns++)
        {
            histogram.Add(ns);
        }

        foreach (var quantile in new[] { 0.01, 0.5, 0.9, 0.99 })
        {
            var expected = quantile * 100_000;
            Assert.InRange(histogram.QuantileNs(quantile), expected * 0.97, expected * 1.03);
        }

        Assert.Equal(100_000, histogram.MaxNs);
        Assert.Equal(100_000 - LatencyHistogram.SlowNs, histogram.SlowCount);
    }

    [Fact]
    public void ASpreadIsLeastMiddleAndLargest()
    {
        Assert.Equal(new Spread(1, 3, 9), Spread.Of([9, 1, 3]));
        Assert.Equal(new Spread(1, 4, 9), Spread.Of([9, 1, 3, 5]));
    }

    [Fact]
    public void AFileIsMadeOnceAndItsWritesAreCounted()
    {
        using var folder = new Support.TemporaryFolder();
        var path = Path.Combine(folder.Path, "data");
        var file = BenchFile.Prepare(path, 8 * 4096, PageContent.Half);
        Assert.Equal(0, file.Check(0));

        using (var stream = File.OpenWrite(path))
        {
            stream.Position = (3 * 4096) + 8;
            stream.WriteByte(1);
        }

        Assert.Equal(1, file.Check(0));
        Assert.Equal(0, BenchFile.Prepare(path, 8 * 4096, PageContent.Half).Check(0)); // made again: it was wrong
        file.BeginWriting();
        using (var stream = File.OpenWrite(path))
        {
            stream.Position = (3 * 4096) + 8;
            stream.WriteByte(1);
        }

        Assert.Equal(0, file.Check(1));
        Assert.Equal(0, BenchFile.Prepare(path, 8 * 4096, PageContent.Half).Check(0)); // kept: one write so far
    }

    private static AccessRun Run(BenchPlan plan, ulong[] memory, long ops = 0) =>
        Run(plan, memory, ops, static _ => { });

    private static unsafe AccessRun Run(BenchPlan plan, ulong[] memory, long ops, Action<long> announced)
    {
        var run = new AccessRun(plan);
        fixed (ulong* words = memory)
        {
            using var space = new PlainSpace((nint)words, memory.Length / PageWriter.PageWords, announced);
            run.Run(space, seed: 42, plan.Seconds, ops);
        }

        return run;
    }

    private sealed class PlainSpace(nint address, long pages, Action<long> announced) : IBenchSpace
    {
        public nint Address => address;

        public long Pages => pages;

        public ulong ResidentBytes => 0;

        public Statistics Statistics => default;

        public int HostProcessId => 0;

        public void Prefetch(ReadOnlySpan<long> words)
        {
            foreach (var word in words)
            {
                announced(word);
            }
        }

        public void Flush()
        {
        }

        public void Dispose()
        {
        }
    }
}
