// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Core.Virtual;
using Hmm.Simulation.Tests.Hosting;

namespace Hmm.Simulation.Tests;

/// <summary>Shares of the budget, and cleaning ahead.</summary>
public sealed class ShareTests
{
    private const int Pages = 1200;

    [Fact]
    public void AMinimumShareIsTakenByNobody() =>
        Scenario.Run(new HostSettings { DeviceFrames = [4096] }, static (host, script) =>
    {
        var kept = host.Open(RangeKind.Anonymous, 150, minFrames: 150);
        for (var page = 0; page < 150; page++)
        {
            script.StoreWord(kept.Memory, page, 0, page + 1);
        }

        var other = host.Open(RangeKind.Anonymous, Pages);
        for (var page = 0; page < Pages; page++)
        {
            script.StoreWord(other.Memory, page, 0, page + 1);
        }

        host.WaitQuiet();
        Assert.Equal(150, kept.Range.Statistics.ResidentPages);
        Assert.Equal(0, kept.Range.Statistics.EvictedPages);
        Assert.True(other.Range.Statistics.EvictedPages >= Pages - 512 + 150);
    });

    [Fact]
    public void ARangeAboveItsMaximumLosesItsOwnPages() =>
        Scenario.Run(new HostSettings { BudgetBytes = 8 << 20, RoomFrames = 2048, DeviceFrames = [4096] },
            static (host, script) =>
    {
        var other = host.Open(RangeKind.Anonymous, 600);
        for (var page = 0; page < 600; page++)
        {
            script.StoreWord(other.Memory, page, 0, page + 1);
        }

        var limited = host.Open(RangeKind.Anonymous, 1100, maxFrames: 512);
        for (var page = 0; page < 1100; page++)
        {
            script.StoreWord(limited.Memory, page, 0, page + 1);
        }

        host.WaitQuiet();
        Assert.InRange(limited.Range.Statistics.ResidentPages, 1, 512);
        Assert.Equal(0, other.Range.Statistics.EvictedPages);
        for (var page = 0; page < 1100; page += 50)
        {
            Assert.Equal(page + 1, script.LoadWord(limited.Memory, page, 0));
        }
    });

    [Fact]
    public void WhatADeviceDidNotTakeInTimeLeavesForAnother() =>
        Scenario.Run(new HostSettings { BudgetBytes = 8 << 20, RoomFrames = 2048, DeviceFrames = [4096, 4096] },
            static (host, script) =>
    {
        var device = host.Media[0];
        device.IsHeld = true;
        var limited = host.Open(RangeKind.Anonymous, 600, maxFrames: 512);
        for (var page = 0; page < 600; page++)
        {
            script.StoreWord(limited.Memory, page, 0, page + 1);
        }

        host.Scheduler.WaitUntilIdle("the deadline");
        Assert.True(limited.Range.Statistics.ResidentPages > 512);
        host.Tick(Deadlines.TicksPerDeadline + 1);
        host.Scheduler.WaitUntilIdle("another device");
        Assert.InRange(limited.Range.Statistics.ResidentPages, 1, 512);
        device.IsHeld = false;
        host.Scheduler.WaitUntil(() => device.PendingCount == 0, "the late copies");
        host.Tick(1);
    });

    [Fact]
    public void SharesThatCannotBeAreRefused() =>
        Scenario.Run(new HostSettings(), static (host, script) =>
    {
        Assert.Equal(Errno.ENOMEM, Refused(host, minFrames: 257, maxFrames: 0));
        Assert.Equal(Errno.EINVAL, Refused(host, minFrames: 0, maxFrames: 511));
        var half = host.Open(RangeKind.Anonymous, 16, minFrames: 200);
        Assert.Equal(Errno.ENOMEM, Refused(host, minFrames: 57, maxFrames: 0));
        host.Close(half);
        host.Close(host.Open(RangeKind.Anonymous, 16, minFrames: 256));
    });

    [Fact]
    public void ColdDirtyPagesAreCleanedBeforeTheyMustLeave() =>
        Scenario.Run(new HostSettings { DeviceFrames = [4096] }, static (host, script) =>
    {
        var range = host.Open(RangeKind.Anonymous, Pages);
        for (var page = 0; page < Pages; page++)
        {
            script.StoreWord(range.Memory, page, 0, page + 1);
        }

        host.WaitQuiet();
        var clean = 0;
        for (var page = 0; page < Pages; page++)
        {
            var entry = range.Range.Table.Read(page);
            clean += entry.State == PageState.Clean && entry.HasFrame ? 1 : 0;
        }

        Assert.InRange(clean, 1, 512);
        for (var page = 0; page < Pages; page++)
        {
            // Read what was cleaned, and write every other one: it is dirty again and loses nothing.
            Assert.Equal(page + 1, script.LoadWord(range.Memory, page, 0));
            script.StoreWord(range.Memory, page, 8, -page);
        }

        for (var page = 0; page < Pages; page++)
        {
            Assert.Equal(page + 1, script.LoadWord(range.Memory, page, 0));
            Assert.Equal(-page, script.LoadWord(range.Memory, page, 8));
        }
    });

    private static Errno Refused(SimulatedHost host, long minFrames, long maxFrames) =>
        Assert.Throws<HmmException>(
            () => host.Open(RangeKind.Anonymous, 16, minFrames: minFrames, maxFrames: maxFrames)).Errno;
}
