// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Policies;

public sealed class StreamDetectorTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void AStreamFaultsOnceAWindowAndEachWindowIsAskedForOneWindowAhead(long step)
    {
        var detector = new StreamDetector(aheadPagesMax: 100);
        var page = 100_000L;
        Assert.Equal(FillPlan.PageOnly, detector.OnFault(page, write: false, Advice.Normal));

        // The first window: nothing is behind its marker yet.
        page += step;
        Assert.Equal(new FillPlan(page + step, 4, step, -1, false), detector.OnFault(page, false, Advice.Normal));

        // At the marker two windows, and one page between them that faults.
        page += 5 * step;
        Assert.Equal(new FillPlan(page + step, 25, step, 8, false), detector.OnFault(page, false, Advice.Normal));

        // From here on the window behind the marker is there when the reader gets to it.
        FillPlan Behind(long steps, int count) => new(page + (steps * step), count, step, -1, false, true);
        page += 9 * step;
        Assert.Equal(Behind(18, 32), detector.OnFault(page, false, Advice.Normal));
        page += 17 * step;
        Assert.Equal(Behind(34, 64), detector.OnFault(page, false, Advice.Normal));
        page += 33 * step;
        Assert.Equal(Behind(66, 100), detector.OnFault(page, false, Advice.Normal));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, -1)]
    [InlineData(3, 7)]
    [InlineData(4, -64)]
    [InlineData(5, 512)]
    public void AScanFaultsOnAVanishingPartOfItsPages(ulong seed, long stride)
    {
        var detector = new StreamDetector(1000);
        var random = new SeededRandom(seed);
        var filled = new HashSet<long>();
        var faults = 0;
        var planned = 0L;
        const int pages = 20_000;
        var start = (long)random.Between(1, 1000) + (stride < 0 ? -stride * pages : 0);
        for (var i = 0; i < pages; i++)
        {
            var page = start + (i * stride);
            if (!filled.Add(page))
            {
                continue;
            }

            faults++;
            var plan = detector.OnFault(page, write: false, Advice.Normal);
            for (var at = 0; at < plan.Count; at++)
            {
                if (at != plan.Skip)
                {
                    Assert.True(filled.Add(plan.First + (at * plan.Stride)), "nothing is asked for twice");
                    planned++;
                }
            }
        }

        Assert.InRange(faults, 20, pages / 100);
        Assert.InRange(planned, pages - faults - 1, pages + 2000);
    }

    [Fact]
    public void RandomAccessFillsOnePageAtATime()
    {
        var detector = new StreamDetector(1000);
        var random = new SeededRandom(9);
        var ahead = 0;
        for (var i = 0; i < 1000; i++)
        {
            ahead += detector.OnFault(random.Next(1 << 30), write: false, Advice.Normal).Count;
        }

        Assert.Equal(0, ahead);
    }

    [Fact]
    public void RandomAccessInASmallRangeBringsLittleAlong()
    {
        var detector = new StreamDetector(1000);
        var random = new SeededRandom(10);
        var ahead = 0;
        for (var i = 0; i < 10_000; i++)
        {
            ahead += detector.OnFault(random.Next(1 << 16), write: false, Advice.Normal).Count;
        }

        Assert.InRange(ahead, 0, 2_000);
    }

    [Fact]
    public void FollowsAsManyStreamsAsItHasPlacesForAndSharesTheWindowAmongThem()
    {
        var detector = new StreamDetector(1024);
        var next = Enumerable.Range(0, StreamDetector.StreamsMax).Select(static i => i * 1_000_000L).ToArray();
        for (var round = 0; round < 12; round++)
        {
            for (var stream = 0; stream < next.Length; stream++)
            {
                var plan = detector.OnFault(next[stream], write: false, Advice.Normal);
                Assert.Equal(round > 0, plan.Count > 0);
                Assert.True(round < 8 || plan.Count <= 1024 / StreamDetector.StreamsMax, $"{plan} in round {round}");
                next[stream] = NextFault(next[stream], plan);
            }
        }
    }

    [Fact]
    public void OneStreamTooManyPushesOutTheOldest()
    {
        var detector = new StreamDetector(64);
        for (var stream = 0; stream <= StreamDetector.StreamsMax; stream++)
        {
            detector.OnFault(stream * 100_000L, write: false, Advice.Normal);
        }

        Assert.Equal(4, detector.OnFault(100_001, write: false, Advice.Normal).Count);
        Assert.Equal(0, detector.OnFault(1, write: false, Advice.Normal).Count);
    }

    [Fact]
    public void AStreamThatWritesWhatItReadIsFilledWritableUntilItWritesNoMore()
    {
        var detector = new StreamDetector(64);
        detector.OnFault(10, write: false, Advice.Normal);
        Assert.False(detector.OnFault(11, write: false, Advice.Normal).ExpectWrite);
        detector.OnFirstWrite(11);
        detector.OnFirstWrite(12);
        Assert.True(detector.OnFault(16, write: false, Advice.Normal).ExpectWrite);
        detector.OnFirstWrite(16);
        Assert.True(detector.OnFault(25, write: false, Advice.Normal).ExpectWrite);

        // Nobody wrote page 25, which was installed as it was touched: the stream only reads by now.
        Assert.False(detector.OnFault(42, write: false, Advice.Normal).ExpectWrite);
        Assert.False(detector.OnFault(500, write: false, Advice.Normal).ExpectWrite);
        Assert.True(detector.OnFault(9000, write: true, Advice.Normal) is { Count: 0 });
        Assert.True(detector.OnFault(9001, write: true, Advice.Normal).ExpectWrite);
    }

    [Fact]
    public void AFillThatWasCutIsContinuedWhereItEnded()
    {
        var detector = new StreamDetector(64);
        detector.OnFault(0, write: false, Advice.Normal);
        Assert.Equal(4, detector.OnFault(1, write: false, Advice.Normal).Count);
        detector.OnFillCut(3);
        Assert.Equal(new FillPlan(4, 25, 1, 8, false), detector.OnFault(3, write: false, Advice.Normal));
    }

    [Fact]
    public void APageThatComesLateChangesNothing()
    {
        var detector = new StreamDetector(64);
        detector.OnFault(0, write: false, Advice.Normal);
        detector.OnFault(1, write: false, Advice.Normal);
        Assert.Equal(FillPlan.PageOnly, detector.OnFault(3, write: false, Advice.Normal));
        Assert.Equal(25, detector.OnFault(6, write: false, Advice.Normal).Count);
    }

    [Fact]
    public void ASkipWithinHalfAWindowContinuesAStream()
    {
        var detector = new StreamDetector(64);
        detector.OnFault(0, write: false, Advice.Normal);
        detector.OnFault(1, write: false, Advice.Normal);
        Assert.Equal(25, detector.OnFault(8, write: false, Advice.Normal).Count);
        Assert.Equal(0, detector.OnFault(60, write: false, Advice.Normal).Count);
    }

    [Fact]
    public void AdviceDecidesOverWhatIsSeen()
    {
        var detector = new StreamDetector(200);
        Assert.Equal(64, detector.OnFault(0, write: false, Advice.Sequential).Count);
        Assert.Equal(new FillPlan(66, 329, 1, 128, false), detector.OnFault(65, write: false, Advice.Sequential));
        Assert.Equal(0, detector.OnFault(194, write: false, Advice.Random).Count);
        Assert.Equal(0, new StreamDetector(0).OnFault(0, write: false, Advice.Sequential).Count);
    }

    private static long NextFault(long page, FillPlan plan)
    {
        if (plan.Count == 0)
        {
            return page + 1;
        }

        // The page that is left out is the next to fault; without one, the page before the window, if that was left
        // out before, or the page behind it.
        var absent = plan.First - 1 > page ? plan.First - 1 : plan.First + plan.Count;
        return plan.Skip >= 0 ? plan.First + plan.Skip : absent;
    }
}
