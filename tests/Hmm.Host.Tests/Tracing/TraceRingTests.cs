// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Host.Tracing;

namespace Hmm.Host.Tests.Tracing;

public sealed class TraceRingTests
{
    [Fact]
    public void GivesRecordsInTheirOrder()
    {
        var ring = new TraceRing(8);
        var taken = new TraceRecord[5];
        for (var round = 0UL; round < 100; round++)
        {
            for (var i = 0UL; i < 5; i++)
            {
                Assert.True(ring.TryAdd(RecordOf((round * 5) + i), out var position));
                Assert.Equal((long)((round * 5) + i), position);
            }

            Assert.Equal(5, ring.Waiting);
            Assert.Equal(5, ring.Take(taken));
            Assert.Equal(
                [round * 5, (round * 5) + 1, (round * 5) + 2, (round * 5) + 3, (round * 5) + 4],
                taken.Select(static record => record.Page));
        }

        Assert.Equal(0, ring.Take(taken));
        Assert.Equal(0, ring.Dropped);
    }

    [Fact]
    public void DropsAndCountsWhatDoesNotFit()
    {
        var ring = new TraceRing(8);
        for (var i = 0UL; i < 20; i++)
        {
            Assert.Equal(i < 8, ring.TryAdd(RecordOf(i), out _));
        }

        Assert.Equal(12, ring.Dropped);
        var taken = new TraceRecord[20];
        Assert.Equal(8, ring.Take(taken));
        Assert.Equal(7UL, taken[7].Page);
        Assert.True(ring.TryAdd(RecordOf(20), out _));
    }

    [Fact]
    public void LosesNothingUncountedBetweenThreads()
    {
        const int Producers = 4;
        const ulong Each = 200_000;
        var ring = new TraceRing(256);
        var threads = new Thread[Producers];
        for (var i = 0; i < Producers; i++)
        {
            var producer = (ulong)i;
            threads[i] = new Thread(() =>
            {
                for (var n = 0UL; n < Each; n++)
                {
                    ring.TryAdd(RecordOf((producer << 32) | n), out _);
                }
            });
            threads[i].Start();
        }

        var next = new ulong[Producers];
        var taken = 0L;
        var batch = new TraceRecord[64];
        while (taken + ring.Dropped < Producers * (long)Each)
        {
            var count = ring.Take(batch);
            foreach (var record in batch.AsSpan(0, count))
            {
                // Each thread's own come in its order, and whole: all words of a record agree.
                Assert.True((uint)record.Page >= next[record.Page >> 32], "a record came twice, or late");
                Assert.Equal(RecordOf(record.Page), record);
                next[record.Page >> 32] = (uint)record.Page + 1;
            }

            taken += count;
        }

        Array.ForEach(threads, static thread => thread.Join());
        Assert.Equal(0, ring.Take(batch));
        Assert.True(taken >= 256, $"{taken} records came through");
    }

    private static TraceRecord RecordOf(ulong number) =>
        new(TraceKind.Fault, TraceFlags.Write, number, number, (uint)number, (uint)number);
}
