// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;
using Hmm.Simulation.Tests.Hosting;
using Hmm.Uapi;

namespace Hmm.Simulation.Tests.Policies;

/// <summary>Runs of first writes to pages that are in DRAM: found, let through, and no more than that.</summary>
public sealed class WriteRunsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void LetsMoreThroughTheLongerARunIs(int direction)
    {
        var runs = new WriteRuns(pageOrder: 0, aheadPagesMax: 1024);
        var page = 5000L;
        int[] expected = [0, 4, 8, 16, 32, 64, 128, 256, 256];
        foreach (var ahead in expected)
        {
            Assert.Equal(ahead, runs.OnFirstWrite(page, Advice.Normal, out var step));
            Assert.Equal(ahead == 0 ? 1 : direction, step);
            page += direction * (ahead + 1);
        }
    }

    [Fact]
    public void GoesOnPastPagesThatWereDirtyAndEndsElsewhere()
    {
        var runs = new WriteRuns(pageOrder: 0, aheadPagesMax: 1024);
        runs.OnFirstWrite(10, Advice.Normal, out _);
        Assert.Equal(4, runs.OnFirstWrite(11, Advice.Normal, out _));
        Assert.Equal(8, runs.OnFirstWrite(18, Advice.Normal, out _));
        Assert.Equal(0, runs.OnFirstWrite(100, Advice.Normal, out _));
        Assert.Equal(16, runs.OnFirstWrite(27, Advice.Normal, out _));
    }

    [Fact]
    public void FollowsAsManyRunsAsItSaysAndForgetsTheOldest()
    {
        var runs = new WriteRuns(pageOrder: 0, aheadPagesMax: 1024);
        for (var run = 0; run <= WriteRuns.RunsMax; run++)
        {
            runs.OnFirstWrite(run * 10_000L, Advice.Normal, out _);
        }

        Assert.Equal(0, runs.OnFirstWrite(1, Advice.Normal, out _));
        Assert.Equal(4, runs.OnFirstWrite((WriteRuns.RunsMax * 10_000L) + 1, Advice.Normal, out _));
    }

    [Theory]
    [InlineData(4, 1024, 16)]
    [InlineData(9, 1024, 0)]
    [InlineData(0, 10, 10)]
    public void LetsNoMoreThroughThanAMebibyteOrTheRangesShare(int pageOrder, int aheadPagesMax, int most)
    {
        var runs = new WriteRuns(pageOrder, aheadPagesMax);
        var page = 0L;
        var ahead = 0;
        for (var fault = 0; fault < 12; fault++)
        {
            ahead = runs.OnFirstWrite(page, Advice.Normal, out _);
            Assert.InRange(ahead, 0, most);
            page += ahead + 1;
        }

        Assert.Equal(most, ahead);
    }

    [Fact]
    public void RandomAccessHasNoRuns()
    {
        var runs = new WriteRuns(pageOrder: 0, aheadPagesMax: 1024);
        runs.OnFirstWrite(10, Advice.Random, out _);
        Assert.Equal(0, runs.OnFirstWrite(11, Advice.Random, out _));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ARunOverCleanPagesFaultsOnceAWindowAndKeepsEveryWrite(bool backward) => Scenario.Run(
        new HostSettings { DeviceFrames = [512] },
        (host, script) =>
        {
            const int Pages = 200;
            var range = host.Open(RangeKind.Anonymous, Pages);
            for (var page = 0; page < Pages; page++)
            {
                script.StoreWord(range.Memory, page, 0, page);
            }

            // Written out and still there: the next write to each is its first.
            host.WaitQuiet();
            host.Manager.Evictor.WriteBack(range.Range, 0, Pages);
            host.WaitQuiet();
            var before = range.Range.Statistics.WriteProtectFaults;
            for (var i = 0; i < Pages; i++)
            {
                var page = backward ? Pages - 1 - i : i;
                script.StoreWord(range.Memory, page, 0, page + 1000);
            }

            Assert.InRange(range.Range.Statistics.WriteProtectFaults - before, 1, 60);
            for (var page = 0; page < Pages; page++)
            {
                Assert.Equal(page + 1000, script.LoadWord(range.Memory, page, 0));
            }
        });
}
