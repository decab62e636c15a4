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
        var looks = Enumerable.Range(0, 64 * AdaptiveSpin.WaitsAfterMisses).Count(_ => Look(found: false));
        Assert.Equal((AdaptiveSpin.ScoreMax / AdaptiveSpin.MissCost) + 63, looks);

        // What it finds at one try makes it look again at once.
        while (!Look(found: true))
        {
        }

        Assert.True(_spin.IsWorthwhile());
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
