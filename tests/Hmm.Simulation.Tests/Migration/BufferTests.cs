// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Migration;

/// <summary>Buffers, and the faults that wait for them.</summary>
public sealed class BufferTests
{
    [Theory]
    [InlineData(4096, 1)]
    [InlineData(8192, 5)]
    [InlineData(4096, 64)]
    public void HandsOutEverySlotOnce(int slotBytes, int slotCount)
    {
        using var arena = new BufferArena(slotBytes, 2 * slotBytes, slotCount);
        var slots = new HashSet<int>();
        var larges = new HashSet<nint>();
        while (arena.TryRent(out var slot))
        {
            Assert.True(slots.Add(slot));
            Assert.InRange(slot, 0, slotCount - 1);
            var buffers = arena[slot];
            Assert.Equal(arena.Address + (slot * slotBytes), buffers.For(slotBytes));
            Assert.True(larges.Add(buffers.For(slotBytes + 1)));
            Assert.Equal(0, (buffers.Small | buffers.Large) % BufferArena.AlignmentBytes);
        }

        Assert.Equal(slotCount, slots.Count);
        arena.Return(slots.Last());
        Assert.True(arena.TryRent(out var again));
        Assert.Equal(slots.Last(), again);
    }

    [Fact]
    public void ASlotThatIsReturnedTwiceIsCorruption()
    {
        using var arena = new BufferArena(4096, 4096, 2);
        Assert.True(arena.TryRent(out var slot));
        arena.Return(slot);
        Assert.Throws<ScheduleException>(() => arena.Return(slot));
    }

    [Theory]
    [InlineData(4095, 1)]
    [InlineData(6000, 1)]
    [InlineData(4096, 0)]
    [InlineData(4096, 65)]
    public void RefusesOtherShapes(int slotBytes, int slotCount) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new BufferArena(slotBytes, 2 * slotBytes, slotCount).Dispose());

    [Fact]
    public void RefusesALargeBufferThatIsTheSmallerOne() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BufferArena(8192, 4096, 1).Dispose());

    [Fact]
    public void ReplacedBuffersServeBothSizesAndAreUsedAgain()
    {
        using var arena = new BufferArena(4096, 8192, 2);
        var first = arena[0];
        arena.Replace(0);
        var second = arena[0];
        Assert.Equal(second.For(4096), second.For(8192));
        Assert.NotEqual(first, second);

        arena.TakeBack(in first);
        arena.Replace(1);
        Assert.Equal(first, arena[1]);
    }

    [Fact]
    public void ThreadsNeverShareASlot()
    {
        using var arena = new BufferArena(4096, 4096, 3);
        var owners = new int[3];
        var shared = 0;
        var threads = Enumerable.Range(1, 4).Select(number => new Thread(() =>
        {
            for (var i = 0; i < 50_000; i++)
            {
                if (arena.TryRent(out var slot))
                {
                    Interlocked.Add(ref shared, Interlocked.Exchange(ref owners[slot], number));
                    Interlocked.Exchange(ref owners[slot], 0);
                    arena.Return(slot);
                }
            }
        })).ToArray();
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        Assert.Equal(0, shared);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void WaitersAreAListThatIsTakenFromTheFront(ulong seed)
    {
        using var pool = new NativePool();
        using var scheduler = new SeededScheduler();
        using var host = new SimulatedHost(scheduler, pool, new HostSettings());
        var ranges = new[] { host.Open(RangeKind.Anonymous, 64).Range, host.Open(RangeKind.Anonymous, 64, 14).Range };
        var random = new SeededRandom(seed);
        var waiters = new DramWaiters();
        var model = new LinkedList<(MemoryRange Range, long Page)>();
        for (var i = 0; i < 20_000; i++)
        {
            switch (random.Next(10))
            {
                case < 5:
                    var added = (ranges[random.Next(2)], (long)random.Next(64));
                    Assert.Equal(
                        model.Count < DramWaiters.CapacityMax, waiters.TryAdd(added.Item1, added.Item2, write: false));
                    if (model.Count < DramWaiters.CapacityMax)
                    {
                        model.AddLast(added);
                    }

                    break;
                case < 7 when waiters.TryTake(out var taken):
                    Assert.Equal(model.First!.Value, (taken.Range, taken.Page));
                    model.RemoveFirst();
                    if (random.Chance(500))
                    {
                        waiters.Return(taken);
                        model.AddFirst((taken.Range, taken.Page));
                    }

                    break;
                case 7 when i % 50 == 0:
                    Assert.Equal(model.Count(waiter => waiter.Range == ranges[0]), TakeAllOf(waiters, ranges[0]));
                    model = new LinkedList<(MemoryRange, long)>(model.Where(waiter => waiter.Range != ranges[0]));
                    Drain(waiters, model);
                    break;
            }

            Assert.Equal(model.Count, waiters.Count);
            Assert.Equal(model.First?.Value.Range.FramesPerPage ?? 0, waiters.OldestFrames);
        }
    }

    [Fact]
    public void RefusesOneWaiterTooMany()
    {
        using var pool = new NativePool();
        using var scheduler = new SeededScheduler();
        using var host = new SimulatedHost(scheduler, pool, new HostSettings());
        var range = host.Open(RangeKind.Anonymous, 1).Range;
        var waiters = new DramWaiters();
        for (var i = 0; i < DramWaiters.CapacityMax; i++)
        {
            Assert.True(waiters.TryAdd(range, 0, write: false));
        }

        Assert.False(waiters.TryAdd(range, 0, write: false));
        Assert.True(waiters.TryTake(out var oldest));
        waiters.Return(oldest);
        Assert.Equal(DramWaiters.CapacityMax, waiters.Count);
    }

    private static int TakeAllOf(DramWaiters waiters, MemoryRange range)
    {
        var taken = 0;
        while (waiters.TryTakeOf(range, out var waiter))
        {
            Assert.Same(range, waiter.Range);
            taken++;
        }

        return taken;
    }

    /// <summary>
    /// After waiters of one range were taken, the order of the others may have changed: it starts
    /// anew.
    /// </summary>
    private static void Drain(DramWaiters waiters, LinkedList<(MemoryRange Range, long Page)> model)
    {
        var left = new List<(MemoryRange Range, long Page)>();
        while (waiters.TryTake(out var waiter))
        {
            left.Add((waiter.Range, waiter.Page));
        }

        Assert.Equal(model.OrderBy(static waiter => waiter.Page), left.OrderBy(static waiter => waiter.Page));
        model.Clear();
    }
}
