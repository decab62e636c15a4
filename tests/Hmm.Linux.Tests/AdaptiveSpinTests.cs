// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Linux.Tests;

/// <summary>When a thread looks for work before it sleeps.</summary>
public sealed class AdaptiveSpinTests
{
    private readonly AdaptiveSpin _spin = new(TimeSpan.FromMicroseconds(25));

    [Fact]
    public void LooksWhileItFindsSomethingFourTimesOfFive()
    {
        for (var wait = 0; wait < 1000; wait++)
        {
            Assert.True(_spin.IsWorthwhile());
            _spin.Learn(found: wait % 5 != 0);
        }
    }

    [Fact]
    public void StopsAfterAFewMissesAndTriesAgainNowAndThen()
    {
        const int Tries = 63;
        var first = AdaptiveSpin.ScoreMax / AdaptiveSpin.MissCost;
        var waits = first + (Tries * (AdaptiveSpin.WaitsAfterMisses + 1));
        Assert.Equal(first + (Tries * 2), Enumerable.Range(0, waits).Count(_ => Look(found: false)));
    }

    [Fact]
    public void OneMissDoesNotEndATryThatFindsTheRest()
    {
        while (Look(found: false))
        {
        }

        while (!Look(found: true))
        {
        }

        Assert.True(Look(found: false));
        for (var wait = 0; wait < 1000; wait++)
        {
            Assert.True(Look(found: wait % 5 != 4));
        }
    }

    [Fact]
    public void LooksSeldomWhereHalfOfTheLooksFindNothing()
    {
        var looks = 0;
        for (var wait = 0; wait < 10_000; wait++)
        {
            looks += Look(found: looks % 2 == 0) ? 1 : 0;
        }

        Assert.InRange(looks, 10_000 / AdaptiveSpin.WaitsAfterMisses, 10_000 * 4 / AdaptiveSpin.WaitsAfterMisses);
    }

    [Fact]
    public void LeavesTheProcessorToOthersOnceALookWasInterrupted()
    {
        Assert.True(_spin.IsWorthwhile());
        _spin.Learn(found: true, wasInterrupted: true);
        for (var wait = 1; wait < AdaptiveSpin.WaitsAfterInterruption; wait++)
        {
            Assert.False(_spin.IsWorthwhile());
        }

        Assert.True(_spin.IsWorthwhile());
    }

    private bool Look(bool found)
    {
        var looks = _spin.IsWorthwhile();
        if (looks)
        {
            _spin.Learn(found);
        }

        return looks;
    }
}
