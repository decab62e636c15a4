// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Policies;

public sealed class ThreeQueuePolicyTests
{
    private const int Capacity = 1000;

    private readonly ThreeQueuePolicy _policy = new(Capacity);
    private readonly HashSet<ulong> _resident = [];

    [Fact]
    public void AScanLeavesAHotSetInPlace()
    {
        // The hot set is touched until it is settled, with a little else in between.
        for (var round = 0; round < 20; round++)
        {
            TouchSpan(1, 800);
            TouchSpan(10_000 + ((ulong)round * 300), 300);
        }

        var before = CountHits(1, 800);
        TouchSpan(1_000_000, 100 * Capacity);
        Assert.InRange(before, 700, 800);
        Assert.InRange(CountHits(1, 800), before - (800 * 5 / 100), 800);
    }

    [Fact]
    public void WhatAStreamBringsPushesOutNothingButItself()
    {
        // Never settled: all that is known of these pages is that they came once.
        TouchSpan(1, Capacity);
        TouchSpan(1_000_000, 20 * Capacity, prefetched: true);
        Assert.InRange(CountHits(1, Capacity), Capacity * 9 / 10 - 1, Capacity);
    }

    [Fact]
    public void WhatAStreamBringsAgainInTimeStays()
    {
        TouchSpan(1, Capacity);
        TouchSpan(5_000, 300, prefetched: true);
        Assert.DoesNotContain(5_000UL, _resident);
        TouchSpan(5_000, 64, prefetched: true);
        TouchSpan(1_000_000, 20 * Capacity, prefetched: true);
        Assert.Equal(64, CountHits(5_000, 64));
    }

    [Fact]
    public void WhatCameInLastStaysATenthLong()
    {
        var random = new SeededRandom(5);
        for (var i = 0; i < 50 * Capacity; i++)
        {
            Touch(1 + (ulong)random.Next(5 * Capacity));
        }

        Touch(500_000);
        for (var i = 0UL; i < (Capacity / ThreeQueuePolicy.SmallDivisor) - 1; i++)
        {
            Assert.Contains(500_000UL, _resident);
            Touch(600_000 + i);
        }
    }

    [Fact]
    public void APageThatComesBackInTimeOutlivesOnesThatAreNew()
    {
        TouchSpan(1, Capacity);
        TouchSpan(5_000, 200);
        Assert.DoesNotContain(1UL, _resident);
        Touch(1);
        TouchSpan(9_000, Capacity * 9 / 10);
        Assert.Contains(1UL, _resident);
        Assert.DoesNotContain(5_000UL, _resident);
    }

    [Fact]
    public void PagesThatComeBackOnceByChanceDoNotPushOutThoseThatAlwaysDo()
    {
        for (var round = 1UL; round <= 20; round++)
        {
            TouchSpan(1, 200);
            TouchSpan(10_000 * round, 600);
            TouchSpan(10_000 * (round - 1), 600);
        }

        Assert.InRange(CountHits(1, 200), 190, 200);
    }

    [Fact]
    public void WhatIsBroughtAheadAgainStaysATenthLong()
    {
        TouchSpan(1, Capacity + 300);
        Assert.DoesNotContain(1UL, _resident);
        for (var page = 1UL; page < Capacity / ThreeQueuePolicy.SmallDivisor; page++)
        {
            Touch(page, prefetched: true);
            Assert.Contains(1UL, _resident);
        }
    }

    [Fact]
    public void AGhostRemembersWhetherItsPageHadComeBack()
    {
        var ghosts = new GhostTable(1000);
        ghosts.Add(7);
        ghosts.Add(8, cameBack: true);
        Assert.True(ghosts.Remove(7, out var cameBack));
        Assert.False(cameBack);
        Assert.True(ghosts.Remove(8, out cameBack));
        Assert.True(cameBack);
        Assert.False(ghosts.Remove(8, out cameBack));
        Assert.False(cameBack);
    }

    [Fact]
    public void AGhostIsForgottenOnceItsHorizonHasPassed()
    {
        var ghosts = new GhostTable(1000);
        ghosts.Add(7);
        Assert.True(ghosts.Remove(7));
        Assert.False(ghosts.Remove(7));
        ghosts.Add(7);
        for (var page = 1000UL; page < 3001; page++)
        {
            ghosts.Add(page);
        }

        Assert.False(ghosts.Remove(7));
        Assert.True(ghosts.Remove(3000));
    }

    [Theory]
    [InlineData(50)]
    [InlineData(5000)]
    [InlineData(500_000)]
    public void GhostsAreRememberedAndOthersNot(int horizon)
    {
        var ghosts = new GhostTable(horizon);
        for (var page = 1; page <= horizon * 5; page++)
        {
            ghosts.Add((ulong)page);
        }

        var remembered = 0;
        var mistaken = 0;
        for (var page = 1; page <= horizon * 5; page++)
        {
            var found = ghosts.Remove((ulong)page);
            remembered += page > horizon * 4 && found ? 1 : 0;
            mistaken += page < horizon * 3 && found ? 1 : 0;
        }

        Assert.InRange(remembered, horizon * 8 / 10, horizon + 1);
        Assert.InRange(mistaken, 0, 1 + (horizon / 100));
    }

    [Fact]
    public void HitsMoreThanFirstInFirstOutOnZipf()
    {
        var random = new SeededRandom(3);
        var fifo = new Queue<ulong>();
        var inFifo = new HashSet<ulong>();
        var (fifoHits, hits) = (0, 0);
        const int touches = 200_000;
        for (var i = 0; i < touches; i++)
        {
            // An inverse power of a uniform number is near enough to Zipf.
            var page = 1 + (ulong)(4.0 * Capacity * Math.Pow(random.Next(1 << 20) / (double)(1 << 20), 5));
            fifoHits += inFifo.Contains(page) ? 1 : 0;
            if (inFifo.Add(page))
            {
                fifo.Enqueue(page);
                if (fifo.Count > Capacity)
                {
                    inFifo.Remove(fifo.Dequeue());
                }
            }

            hits += Touch(page) ? 1 : 0;
        }

        Assert.InRange(hits - fifoHits, touches / 100, touches);
    }

    private int CountHits(ulong first, int count) =>
        Enumerable.Range(0, count).Count(i => _resident.Contains(first + (ulong)i));

    private void TouchSpan(ulong first, int count, bool prefetched = false)
    {
        for (var i = 0; i < count; i++)
        {
            Touch(first + (ulong)i, prefetched);
        }
    }

    private bool Touch(ulong page, bool prefetched = false)
    {
        if (!_resident.Add(page))
        {
            return true;
        }

        _policy.Insert(page, 1, prefetched);
        Span<ulong> victim = stackalloc ulong[1];
        if (_resident.Count > Capacity)
        {
            Assert.Equal(1, _policy.TakeVictims(victim));
            _resident.Remove(victim[0]);
        }

        Assert.Equal(_resident.Count, _policy.Count);
        return false;
    }
}
