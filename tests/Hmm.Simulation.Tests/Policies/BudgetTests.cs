// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Policies;

/// <summary>The budgets of DRAM and of pins.</summary>
public sealed class BudgetTests
{
    [Fact]
    public void TheLeastBudgetIsTwoMebibytes()
    {
        Assert.Equal(512, new DramBudget(DramBudget.LimitBytesMin).Limit);
        Assert.Throws<ArgumentOutOfRangeException>(() => new DramBudget(DramBudget.LimitBytesMin - 1));
    }

    [Theory]
    [InlineData(2UL << 20, 32, 64)]
    [InlineData(16UL << 20, 256, 512)]
    [InlineData(64UL << 20, 512, 1024)]
    [InlineData(256UL << 20, 1024, 3072)]
    [InlineData(1UL << 40, 8192, 16384)]
    public void WatermarksAreFractionsUpToALimit(ulong bytes, long low, long high)
    {
        var budget = new DramBudget(bytes);
        Assert.Equal((low, high), (budget.LowWatermark, budget.HighWatermark));
    }

    [Fact]
    public void ReservesToTheLastFrameAndNotBeyond()
    {
        var budget = new DramBudget(2 << 20);
        Assert.True(budget.TryReserve(512));
        Assert.False(budget.TryReserve(1));
        Assert.Equal((0L, 512L), (budget.Free, budget.Peak));
        Assert.True(budget.IsBelowLow);
        budget.Release(480);
        Assert.False(budget.TryReserve(480, keepFree: 1));
        Assert.False(budget.IsBelowLow);
        Assert.True(budget.IsAboveHigh);
        Assert.True(budget.TryReserve(448, keepFree: 32));
        Assert.Equal((32L, 512L), (budget.Free, budget.Peak));
    }

    [Fact]
    public void ReleasingMoreThanWasReservedIsCorruption()
    {
        var budget = new DramBudget(2 << 20);
        Assert.True(budget.TryReserve(3));
        Assert.Throws<ScheduleException>(() => budget.Release(4));
        Assert.Throws<ScheduleException>(() => new PinBudget(10).Release(1));
    }

    [Fact]
    public void PinsStopAtTheirLimit()
    {
        var pins = new PinBudget(10);
        Assert.True(pins.TryReserve(7));
        Assert.False(pins.TryReserve(4));
        Assert.False(pins.TryReserve(long.MaxValue));
        Assert.True(pins.TryReserve(3));
        pins.Release(10);
        Assert.Equal(0, pins.Pinned);
    }

    [Fact]
    public void ThreadsTogetherNeverReserveMoreThanTheLimit()
    {
        var budget = new DramBudget(2 << 20);
        var most = 0L;
        var threads = Enumerable.Range(0, 4).Select(number => new Thread(() =>
        {
            var random = new SeededRandom((ulong)number);
            for (var i = 0; i < 50_000; i++)
            {
                var frames = random.Between(1, 200);
                if (budget.TryReserve(frames))
                {
                    InterlockedMax(ref most, budget.Reserved);
                    budget.Release(frames);
                }
            }
        })).ToArray();
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        Assert.InRange(most, 1, budget.Limit);
        Assert.InRange(budget.Peak, 1, budget.Limit);
        Assert.Equal(0, budget.Reserved);
    }

    private static void InterlockedMax(ref long most, long value)
    {
        var seen = Volatile.Read(ref most);
        while (value > seen)
        {
            var before = Interlocked.CompareExchange(ref most, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
