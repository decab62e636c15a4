// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Policies;

public sealed class StreamDetectorTests
{
    [Fact]
    public void ASequentialStreamDoublesItsWindowUpToTheLimit()
    {
        var detector = new StreamDetector(aheadPagesMax: 100);
        var windows = new List<int>();
        var page = 40L;
        for (var i = 0; i < 8; i++)
        {
            var plan = detector.OnFault(page, write: false, Advice.Normal);
            windows.Add(plan.AheadPages);
            page += 1 + plan.AheadPages;
        }

        Assert.Equal([0, 4, 8, 16, 32, 64, 100, 100], windows);
    }

    [Fact]
    public void RandomAccessFillsOnePageAtATime()
    {
        var detector = new StreamDetector(1000);
        var random = new SeededRandom(9);
        var ahead = 0;
        for (var i = 0; i < 1000; i++)
        {
            ahead += detector.OnFault(random.Next(1 << 30), write: false, Advice.Normal).AheadPages;
        }

        Assert.Equal(0, ahead);
    }

    [Fact]
    public void FollowsAsManyStreamsAsItHasPlacesFor()
    {
        var detector = new StreamDetector(64);
        var next = Enumerable.Range(0, StreamDetector.StreamsMax).Select(static i => i * 100_000L).ToArray();
        for (var round = 0; round < 6; round++)
        {
            for (var stream = 0; stream < next.Length; stream++)
            {
                var plan = detector.OnFault(next[stream], write: false, Advice.Normal);
                Assert.Equal(round == 0 ? 0 : Math.Min(64, 2 << round), plan.AheadPages);
                next[stream] += 1 + plan.AheadPages;
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

        Assert.Equal(4, detector.OnFault(100_001, write: false, Advice.Normal).AheadPages);
        Assert.Equal(0, detector.OnFault(1, write: false, Advice.Normal).AheadPages);
    }

    [Fact]
    public void AStreamThatWritesWhatItReadIsFilledWritable()
    {
        var detector = new StreamDetector(64);
        detector.OnFault(10, write: false, Advice.Normal);
        Assert.False(detector.OnFault(11, write: false, Advice.Normal).ExpectWrite);
        detector.OnFirstWrite(13);
        Assert.True(detector.OnFault(16, write: false, Advice.Normal).ExpectWrite);
        Assert.False(detector.OnFault(500, write: false, Advice.Normal).ExpectWrite);
        detector.OnFirstWrite(5000);
        Assert.False(detector.OnFault(501, write: false, Advice.Normal).ExpectWrite);
        Assert.True(detector.OnFault(9000, write: true, Advice.Normal).ExpectWrite);
    }

    [Fact]
    public void AFillThatWasCutIsContinuedWhereItEnded()
    {
        var detector = new StreamDetector(64);
        detector.OnFault(0, write: false, Advice.Normal);
        Assert.Equal(4, detector.OnFault(1, write: false, Advice.Normal).AheadPages);
        detector.OnFillCut(plannedEnd: 6, end: 3);
        Assert.Equal(8, detector.OnFault(3, write: false, Advice.Normal).AheadPages);
    }

    [Fact]
    public void ASkipWithinHalfAWindowContinuesAStream()
    {
        var detector = new StreamDetector(64);
        detector.OnFault(0, write: false, Advice.Normal);
        detector.OnFault(1, write: false, Advice.Normal);
        Assert.Equal(8, detector.OnFault(8, write: false, Advice.Normal).AheadPages);
        Assert.Equal(0, detector.OnFault(22, write: false, Advice.Normal).AheadPages);
    }

    [Fact]
    public void AdviceDecidesOverWhatIsSeen()
    {
        var detector = new StreamDetector(200);
        Assert.Equal(64, detector.OnFault(0, write: false, Advice.Sequential).AheadPages);
        Assert.Equal(128, detector.OnFault(65, write: false, Advice.Sequential).AheadPages);
        Assert.Equal(0, detector.OnFault(194, write: false, Advice.Random).AheadPages);
        Assert.True(detector.OnFault(195, write: true, Advice.Random).ExpectWrite);
        Assert.Equal(0, new StreamDetector(0).OnFault(0, write: false, Advice.Sequential).AheadPages);
    }
}
