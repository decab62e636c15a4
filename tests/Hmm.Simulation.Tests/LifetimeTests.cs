// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Applications;
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;

namespace Hmm.Simulation.Tests;

/// <summary>Ranges and applications that end in the middle of things; pins; large pages.</summary>
public sealed class LifetimeTests
{
    [Fact]
    public void AnApplicationThatDiesLeavesNothingBehind() =>
        Scenario.Run(new HostSettings { RoomFrames = 24 }, static (host, script) =>
    {
        var random = host.Scheduler.Random;
        var ranges =
            new[] { host.Open(RangeKind.Anonymous, 40), host.Open(RangeKind.FileShared, 20, 12, host.AddFile(20, 12)) };
        var workers = Enumerable.Range(0, 3).Select(number => new Worker(random, number, 1000)).ToArray();
        foreach (var worker in workers)
        {
            Array.ForEach(ranges, range => worker.Join(range));
            host.Scheduler.Add(worker);
        }

        for (var i = random.Next(300); i > 0; i--)
        {
            host.Scheduler.YieldInside();
        }

        // Its memfds outlive it: what is dirty can still be written to the file.
        Array.ForEach(ranges, static range => range.Memory.Kill());
        host.Scheduler.WaitUntil(() => Array.TrueForAll(workers, static worker => worker.IsDone), "the dead");
        host.Manager.Operations.Flush(ranges[1].Range, 0, 20);
        foreach (var worker in workers)
        {
            for (var page = 0; page < 20; page++)
            {
                worker.Verify(ranges[1], page, ranges[1].File!.Page(page));
            }
        }

        var absent = Enumerable.Range(0, 40)
            .FirstOrDefault(page => ranges[0].Range.Table.Read(page).State == PageState.Absent, -1);
        if (absent >= 0)
        {
            var exception = Assert.Throws<HmmException>(() => host.Manager.Operations.Pin(ranges[0].Range, absent, 1));
            Assert.Equal(Errno.ESRCH, exception.Errno);
        }
    });

    [Fact]
    public void APartThatTheApplicationUnmappedCannotBePinned() =>
        Scenario.Run(new HostSettings(), static (host, script) =>
    {
        var range = host.Open(RangeKind.Anonymous, 8);
        range.Memory.UnmappedFrom = 4;
        script.StoreWord(range.Memory, 3, 0, 1);
        Assert.Equal(
            Errno.ENOENT, Assert.Throws<HmmException>(() => host.Manager.Operations.Pin(range.Range, 3, 3)).Errno);
        Assert.Equal(0, host.Manager.Pins.Pinned);
        Assert.Equal(0, range.Range.Table.Read(3).Pins);
    });

    [Fact]
    public void ARangeClosesWhileItsFaultsWaitForDram() =>
        Scenario.Run(new HostSettings { RoomFrames = 4 }, static (host, script) =>
    {
        var pinned = host.Open(RangeKind.Anonymous, 4);
        host.Manager.Operations.Pin(pinned.Range, 0, 4);
        var range = host.Open(RangeKind.Anonymous, 16);
        var workers = Enumerable.Range(0, 3).Select(number => new Worker(host.Scheduler.Random, number, 50)).ToArray();
        foreach (var worker in workers)
        {
            worker.Join(range);
            host.Scheduler.Add(worker);
        }

        for (var i = host.Scheduler.Random.Next(100); i > 0; i--)
        {
            host.Scheduler.Yield();
        }

        host.Close(range);
        host.Scheduler.WaitUntil(() =>
            Array.TrueForAll(workers, static worker => worker.IsDone), "threads of a closed range");
        host.Manager.Operations.Unpin(pinned.Range, 0, 4);
    });

    [Fact]
    public void AClosingRangeWaitsForCopiesThatAreUnderWay() =>
        Scenario.Run(new HostSettings { RoomFrames = 24 }, static (host, script) =>
    {
        var file = host.AddFile(64, 12);
        var range = host.Open(RangeKind.FilePrivate, 64, 12, file);
        var worker = new Worker(host.Scheduler.Random, 0, 30);
        worker.Join(range);
        host.Scheduler.Add(worker);
        host.Scheduler.WaitUntil(() => worker.IsDone || host.Scheduler.Random.Chance(20), "some of its work");
        file.Device.IsHeld = true;
        host.Devices[0].IsHeld = true;
        var other = new Worker(host.Scheduler.Random, 1, 20);
        other.Join(range);
        host.Scheduler.Add(other);
        host.Scheduler.WaitUntil(() => other.IsDone || other.Thread.IsWaiting, "a fault of the other thread");
        var closed = false;
        host.Scheduler.Spawn("release", () =>
        {
            for (var i = 0; i < 50 && !closed; i++)
            {
                host.Scheduler.Yield();
            }

            Assert.False(closed && host.Media.Exists(static device => device.HasPending),
                "a range closed while copies of its pages were under way");
            file.Device.IsHeld = false;
            host.Devices[0].IsHeld = false;
        });
        host.Close(range);
        closed = true;
        host.Scheduler.WaitUntil(() =>
            !host.Devices[0].IsHeld && worker.IsDone && other.IsDone, "threads of a closed range");
    });

    [Fact]
    public void PinsStopAtHalfTheBudgetAndAtTheirCount() => Scenario.Run(new HostSettings(), static (host, _) =>
    {
        var range = host.Open(RangeKind.Anonymous, 300);
        var operations = host.Manager.Operations;
        Assert.Equal(Errno.ENOMEM, Assert.Throws<HmmException>(() => operations.Pin(range.Range, 0, 257)).Errno);
        operations.Pin(range.Range, 0, 256);
        Assert.Equal(Errno.ENOMEM, Assert.Throws<HmmException>(() => operations.Pin(range.Range, 256, 1)).Errno);
        Assert.Equal(Errno.EBUSY, Assert.Throws<HmmException>(() => operations.DontNeed(range.Range, 250, 10)).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<HmmException>(() => operations.Unpin(range.Range, 0, 257)).Errno);
        Assert.Equal(256, host.Manager.Pins.Pinned);
        operations.Unpin(range.Range, 0, 256);
        Assert.Equal(0, host.Manager.Pins.Pinned);
    });

    [Fact]
    public void OfTwoUnpinsOfOnePinOneIsRefused() => Scenario.Run(new HostSettings(), static (host, _) =>
    {
        var range = host.Open(RangeKind.Anonymous, 4);
        host.Manager.Operations.Pin(range.Range, 0, 4);
        var (refused, done) = (0, 0);
        for (var i = 0; i < 2; i++)
        {
            host.Scheduler.Spawn($"unpin {i}", () =>
            {
                for (var page = 0; page < 4; page++)
                {
                    try
                    {
                        host.Manager.Operations.Unpin(range.Range, page, 1);
                    }
                    catch (HmmException exception) when (exception.Errno == Errno.EINVAL)
                    {
                        refused++;
                    }
                }

                done++;
            });
        }

        host.Scheduler.WaitUntil(() => done == 2, "both");
        Assert.Equal((4, 0L), (refused, host.Manager.Pins.Pinned));
    });

    [Fact]
    public void RangesOfEveryPageSizeShareABudget() =>
        Scenario.Run(new HostSettings { DeviceFrames = [4096], ThreadCount = 3 }, static (host, script) =>
    {
        var large = host.Open(RangeKind.Anonymous, 3, 21);
        var middle = host.Open(RangeKind.Anonymous, 40, 16);
        var small = host.Open(RangeKind.Anonymous, 64);
        for (var round = 1; round <= 2; round++)
        {
            foreach (var range in (SimulatedRange[])[small, large, middle, large, small])
            {
                for (var page = 0; page < range.Memory.PageCount; page++)
                {
                    script.StoreWord(range.Memory, page, range.Memory.PageSizeBytes - 8, (round * 1000) + page);
                }
            }

            foreach (var range in (SimulatedRange[])[middle, large, small])
            {
                for (var page = 0; page < range.Memory.PageCount; page++)
                {
                    Assert.Equal((round * 1000)
                        + page, script.LoadWord(range.Memory, page, range.Memory.PageSizeBytes - 8));
                }
            }
        }
    });

    [Fact]
    public void APrefetchLeavesDramForFaults() =>
        Scenario.Run(new HostSettings { RoomFrames = 200 }, static (host, script) =>
    {
        var range = host.Open(RangeKind.Anonymous, 500);
        var stopped = host.Manager.Operations.Prefetch(range.Range, 0, 500);
        var kept = host.Manager.Budget.PrefetchReserve;
        Assert.InRange(kept, 1, host.Manager.Budget.LowWatermark);
        Assert.Equal(200 - kept, stopped);

        // So many faults find DRAM at once, whether reclaim comes in time or not.
        for (var page = stopped; page < stopped + kept; page++)
        {
            Assert.Equal(0, script.LoadWord(range.Memory, page, 0));
        }

        Assert.Equal(0, range.Range.Statistics.Waits);
    });

    [Fact]
    public void AnIdleQueueDoesNotGrowWithRangesThatComeAndGo() =>
        Scenario.Run(new HostSettings(), static (host, script) =>
    {
        for (var i = 0; i < 20; i++)
        {
            var range = host.Open(RangeKind.Anonymous, 32);
            script.StoreWord(range.Memory, i, 0, 1);
            host.Manager.Operations.Prefetch(range.Range, 0, 32);
            host.Close(range);
            Assert.Equal(0, host.Manager.Queue.Count);
        }
    });
}
