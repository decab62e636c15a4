// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Core.Policies;
using Hmm.Simulation.Tests.Devices;
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Migration;

/// <summary>When prefetch asks for what, and what it does while there is no DRAM for it.</summary>
public sealed class PrefetcherTests
{
    [Fact]
    public void AWindowBehindAnotherIsAskedForWhenTheTouchedPageIsThere()
    {
        using var pool = new NativePool();
        using var scheduler = new SeededScheduler();
        using var host = new SimulatedHost(scheduler, pool, new HostSettings());
        var file = host.AddFile(64, 12);
        var range = host.Open(RangeKind.FilePrivate, 64, 12, file).Range;

        // Pages 2 to 5 with the second touch; 7 to 14 and 16 to 31 with the third; what is behind 32 with the fourth.
        foreach (var page in new[] { 0, 1, 6 })
        {
            Touch(host, range, page);
            host.PrefetchAll();
            CompleteAll(file.Device);
        }

        Touch(host, range, 15);
        host.PrefetchAll();
        Assert.Equal(1, file.Device.PendingCount);
        Assert.Equal(PageState.Absent, range.Table.Read(33).State);

        CompleteAll(file.Device);
        Assert.True(range.Table.Read(15).IsResident);
        host.PrefetchAll();
        Assert.All(Enumerable.Range(33, 16), page => Assert.True(range.Table.Read(page).IsOwned));
        CompleteAll(file.Device);
        Assert.All([15, .. Enumerable.Range(33, 16)], page => Assert.True(range.Table.Read(page).IsResident));
    }

    [Fact]
    public void AWindowThatWaitsForDramIsNotGivenUpForBeingLookedAt()
    {
        const int Pages = 64;
        using var pool = new NativePool();
        using var scheduler = new SeededScheduler();
        using var host = new SimulatedHost(scheduler, pool, new HostSettings());
        var range = host.Open(RangeKind.Anonymous, Pages).Range;
        var manager = host.Manager;
        var taken = manager.Budget.Free - manager.Budget.PrefetchReserve;
        Assert.True(manager.Budget.TryReserve(taken));

        manager.Prefetcher.Add(range, new FillPlan(0, Pages, 1, -1, false));
        for (var look = 0; look < 100; look++)
        {
            Assert.Equal(PrefetchOutcome.Rest, manager.Prefetcher.Step());
            Assert.True(manager.Prefetcher.IsBlocked);
        }

        manager.Budget.Release(taken);
        manager.Prefetcher.OnFreed();
        host.PrefetchAll();
        Assert.All(Enumerable.Range(0, Pages), page => Assert.True(range.Table.Read(page).IsResident));
    }

    private static void Touch(SimulatedHost host, MemoryRange range, long page) => host.Manager.Faults.Handle(
        host.Space, range.BaseAddress + ((ulong)page << range.PageShift), write: false, writeProtect: false);

    private static void CompleteAll(SimulatedDevice device)
    {
        while (device.CompleteOne())
        {
        }
    }
}
