// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests;

public sealed class AllocationTests
{
    private const int Faults = 100_000;

    // 1 KiB for 100,000 faults: nothing per fault, with room for what a first call may set up.
    private const long AllocatedBytesMax = 1024;

    [Fact]
    public void AHundredThousandFaultsAllocateNothing()
    {
        using var pool = new NativePool();
        using var scheduler = new SeededScheduler();
        scheduler.Begin(1, 0);
        using var host = new SimulatedHost(scheduler, pool, new HostSettings { RoomFrames = 140 });
        host.Devices[0].Faults.InlinePermille = 500;
        var range = host.Open(RangeKind.Anonymous, 256);
        Resolve(host, range, 5_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Resolve(host, range, Faults);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        var evicted = range.Range.Statistics.EvictedPages;

        // Closed before anything can fail: the device cannot go while an open range has frames on it, and a wait for
        // that would hide the failure.
        host.Close(range);
        host.VerifyEmpty();
        Assert.InRange(allocated, 0, AllocatedBytesMax);
        Assert.True(evicted > Faults / 2);
    }

    /// <summary>Touches pages, in scans and at random, and plays every thread of the host on this one.</summary>
    private static void Resolve(SimulatedHost host, SimulatedRange range, int faults)
    {
        Span<byte> word = stackalloc byte[8];
        Span<FaultMessage> messages = new FaultMessage[1];
        var thread = new SimulatedThread("toucher");
        var end = range.Range.Statistics.Faults + range.Range.Statistics.WriteProtectFaults + faults;
        for (var i = 0L; range.Range.Statistics.Faults + range.Range.Statistics.WriteProtectFaults < end; i++)
        {
            var page = i % 512 < 256 ? i % 256 : i * 7919 % 256;
            // Loads of fresh pages: they need no device. What a device's copies allocate is measured on the real host
            // (GarbageTests), where the simulated device's own garbage is not in the way.
            while (range.Memory.TryLoad(thread, page, 0, word) == TouchOutcome.Waits)
            {
                host.Kernel.Read(messages);
                host.Manager.Faults.Handle(
                    messages[0].Space, messages[0].Address, messages[0].Write, messages[0].WriteProtect);
                host.PrefetchAll();
                while (thread.IsWaiting)
                {
                    host.PrefetchAll();
                    host.Devices[0].CompleteOne();
                    host.Manager.Evictor.Step();
                }
            }

            if (host.Manager.Budget.IsBelowLow)
            {
                while (host.Manager.Evictor.Step() != ReclaimOutcome.Enough)
                {
                    host.Devices[0].CompleteOne();
                }
            }
        }

        while (host.Devices[0].CompleteOne())
        {
        }
    }
}
