// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Core.Policies;
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;
using Hmm.Uapi;

namespace Hmm.Simulation.Tests.Migration;

/// <summary>What prefetch does while there is no DRAM for it.</summary>
public sealed class PrefetcherTests
{
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
        while (manager.Prefetcher.Step() == PrefetchOutcome.Progress)
        {
        }

        Assert.All(Enumerable.Range(0, Pages), page => Assert.True(range.Table.Read(page).IsResident));
    }
}
