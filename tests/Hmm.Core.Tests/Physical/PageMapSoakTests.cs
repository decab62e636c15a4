// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Core.Physical;
using Xunit;

namespace Hmm.Core.Tests.Physical;

/// <summary>Real threads: the twins of the model and schedule tests.</summary>
public sealed class PageMapSoakTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(3);

    [Fact]
    public void ReadersNeverReachAMapThatIsGone()
    {
        const int Frames = 64;
        const int Places = 8;
        var world = new PageMapWorld();
        var first = Pfn.FromAddress(PageMapWorld.Base);
        var clock = Stopwatch.StartNew();
        var found = 0L;
        Run(4, worker =>
        {
            var random = new Random(worker);
            while (clock.Elapsed < Duration)
            {
                if (worker == 0)
                {
                    var place = (ulong)random.Next(Places) * 1_000;
                    var span = world.Span(place, Frames);
                    var map = world.Map(span);
                    Assert.True(map.TryAllocateRun(Frames, out var run, out var count));
                    map.Put(run, count);
                    map.Remove();
                    Assert.False(map.Reference.TryGet());
                    world.Memory.Resources.Release(span);
                    continue;
                }

                var pfn = first + (random.Next(Places) * 1_000) + random.Next(Frames);
                if (world.Memory.PageMaps.TryGet(pfn, out var got))
                {
                    // Reading the frame of a removed map would be caught by FrameOf, or by the
                    // wrong count.
                    Assert.True(got.Contains(pfn));
                    Assert.InRange(got.FrameOf(pfn).References, 0, 1);
                    if (got.TryAllocateRun(1, out var mine, out _))
                    {
                        Assert.Same(got, world.Memory.PageMaps.OwnerOf(mine));
                        got.Put(mine);
                    }

                    got.Reference.Put();
                    Interlocked.Increment(ref found);
                }
            }
        });
        Assert.True(found > 0, "readers met live maps");
        Assert.True(world.Memory.PageMaps.IsEmpty);
        Assert.Single(world.Memory.Resources.Walk());
    }

    [Fact]
    public void NoFrameIsHandedOutTwice()
    {
        const int Frames = 4_096;
        var freed = 0L;
        var world = new PageMapWorld { Ops = new TestOps((_, count) => Interlocked.Add(ref freed, count)) };
        var map = world.Map(Frames);
        var firstFrame = Pfn.FromAddress(PageMapWorld.Base);
        var holder = new int[Frames];
        var clock = Stopwatch.StartNew();
        Run(4, worker =>
        {
            var random = new Random(worker);
            var held = new Queue<(Pfn First, int Count)>();
            while (clock.Elapsed < Duration)
            {
                var order = random.Next(6);
                var worked = random.Next(2) == 0
                    ? map.TryAllocateRun(1 << order, out var first, out var count)
                    : TryOrder(order, out first, out count);
                for (var i = 0; worked && i < count; i++)
                {
                    Assert.Equal(0, Interlocked.CompareExchange(ref holder[first - firstFrame + i], worker + 1, 0));
                }

                if (worked)
                {
                    held.Enqueue((first, count));
                }

                while (held.Count > (worked ? 40 : 0))
                {
                    Drop(held.Dequeue(), worker);
                }
            }

            while (held.TryDequeue(out var run))
            {
                Drop(run, worker);
            }
        });
        var statistics = map.Statistics;
        Assert.Equal((0UL, 0L), (statistics.FramesUsed, statistics.References));
        Assert.Equal(((ulong)freed, statistics.Allocations), (statistics.Frees, statistics.Frees));
        Assert.True(map.TryAllocateOrder(FrameAllocator.OrderMax, out _), "everything is free again, and in one piece");

        void Drop((Pfn First, int Count) run, int worker)
        {
            for (var i = 0; i < run.Count; i++)
            {
                Assert.Equal(worker + 1, Interlocked.Exchange(ref holder[run.First - firstFrame + i], 0));
            }

            map.Put(run.First, run.Count);
        }

        bool TryOrder(int order, out Pfn first, out int count)
        {
            count = 1 << order;
            return map.TryAllocateOrder(order, out first);
        }
    }

    [Fact]
    public void RemovalWaitsForEveryHolderUnderLoad()
    {
        var clock = Stopwatch.StartNew();
        var removals = 0;
        while (clock.Elapsed < Duration)
        {
            var world = new PageMapWorld();
            var span = world.Span(0, 256);
            var map = world.Map(span);
            var holding = 0;
            var started = 0;
            Run(4, worker =>
            {
                Interlocked.Increment(ref started);
                if (worker == 0)
                {
                    SpinWait.SpinUntil(() => Volatile.Read(ref started) == 4);
                    map.Remove();
                    Assert.Equal(0, Volatile.Read(ref holding));
                    world.Memory.Resources.Release(span);
                    return;
                }

                while (map.TryAllocateRun(8, out var first, out var count))
                {
                    Interlocked.Increment(ref holding);
                    map.Get(first, count);
                    map.Put(first, count);
                    Interlocked.Decrement(ref holding);
                    map.Put(first, count);
                }
            });
            removals++;
        }

        Assert.True(removals > 1, "more than one life was lived");
    }

    private static void Run(int workers, Action<int> body)
    {
        var failure = default(Exception);
        var threads = Enumerable.Range(0, workers).Select(worker => new Thread(() =>
        {
            try
            {
                body(worker);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref failure, exception, null);
            }
        })
        {
            IsBackground = true,
        }).ToArray();
        Array.ForEach(threads, thread => thread.Start());

        // A worker that failed may hold what another waits for: its failure is the one to report.
        var ended = Array.TrueForAll(threads, thread => thread.Join(TimeSpan.FromSeconds(20)));
        Assert.Null(failure);
        Assert.True(ended, "every worker comes to its end");
    }
}
