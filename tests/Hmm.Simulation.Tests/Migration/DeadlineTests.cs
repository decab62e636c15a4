// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Simulation.Tests.Applications;
using Hmm.Simulation.Tests.Devices;
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using static Hmm.Simulation.Tests.Applications.Stories;

namespace Hmm.Simulation.Tests.Migration;

/// <summary>
/// Devices that do not answer: whoever waits is told in time, and what they do long afterwards harms nobody. The
/// simulated device itself checks that no frame is freed while it has a copy of it.
/// </summary>
public sealed class DeadlineTests
{
    private const int ToDeadline = Deadlines.TicksPerDeadline;

    private static readonly HostSettings s_tight = new() { RoomFrames = 8 };

    private static readonly HostSettings s_roomy = new() { RoomFrames = 200 };

    [Fact]
    public void ATouchFailsAtTheDeadlineAndNotBefore() => Scenario.Run(s_tight, static (host, script) =>
    {
        var range = host.Open(RangeKind.Anonymous, 4);
        StoreAndEvict(host, script, range);
        var device = Hold(host, 0);
        var touch = Attempt.Load(host, range, 2);
        host.Scheduler.WaitUntil(() => device.HasPending, "the copy");
        host.Tick(ToDeadline);
        Assert.False(touch.IsDone);
        Assert.Equal(PageState.Busy, range.Range.Table.Read(2).State);
        host.Tick(1);
        Assert.Equal(TouchOutcome.Fails, touch.Wait());
        Assert.Equal(PageState.Poisoned, range.Range.Table.Read(2).State);

        // Dropped, and used again, while the device still has the copy.
        host.Manager.Operations.DontNeed(range.Range, 0, 4);
        Assert.Equal(0, script.LoadWord(range.Memory, 2, 0));
        script.StoreWord(range.Memory, 2, 0, 7);
        Release(host, device);
        Assert.Equal(7, script.LoadWord(range.Memory, 2, 0));
        StoreAndCheck(script, range, 4);
    });

    [Fact]
    public void AThreadWhoseRangeWaitsSleepsUntilTheDeviceAnswers() => Scenario.Run(s_tight, static (host, script) =>
    {
        var range = host.Open(RangeKind.Anonymous, 4, errors: ErrorPolicy.Wait);
        StoreAndEvict(host, script, range);
        var device = Hold(host, 0);
        var touch = Attempt.Load(host, range, 2);
        host.Scheduler.WaitUntil(() => device.HasPending, "the copy");
        for (var i = 0; i < 20; i++)
        {
            // It is asked again for the page, until there is no hope.
            host.Tick(ToDeadline + 1);
            host.Scheduler.WaitUntilIdle("the next try");
        }

        Assert.False(touch.IsDone);
        Assert.Equal(16, device.PendingCount);
        device.IsHeld = false;
        host.Scheduler.WaitUntil(() => device.PendingCount == 0, "the late copy");
        host.Tick(1);
        Assert.Equal(TouchOutcome.Done, touch.Wait());
        Assert.Equal(102, script.LoadWord(range.Memory, 2, 0));
    });

    [Fact]
    public void DroppingAPageWakesWhoeverSleepsForIt() => Scenario.Run(s_tight, static (host, script) =>
    {
        var range = host.Open(RangeKind.Anonymous, 4, errors: ErrorPolicy.Wait);
        StoreAndEvict(host, script, range);
        host.Devices[0].Faults.ReadErrorPermille = 1000;
        var touch = Attempt.Load(host, range, 2);
        host.Scheduler.WaitUntil(() => host.Manager.Filler.SleeperCount > 0, "the thread sleeps");
        Assert.False(touch.IsDone);
        Assert.Equal(PageState.Absent, range.Range.Table.Read(2).State);
        host.Manager.Operations.DontNeed(range.Range, 2, 1);
        Assert.Equal(TouchOutcome.Done, touch.Wait());
        Assert.Equal(0, script.LoadWord(range.Memory, 2, 0));
        host.Devices[0].Faults.ReadErrorPermille = 0;
        Assert.Equal(101, script.LoadWord(range.Memory, 1, 0));
    });

    [Fact]
    public void PagesStayInMemoryOrGoElsewhereWhenADeviceTakesNone() =>
        Scenario.Run(s_tight with { DeviceFrames = [64, 64] }, static (host, script) =>
    {
        var device = Hold(host, 0);
        var range = host.Open(RangeKind.Anonymous, 40);
        var done = false;
        host.Scheduler.Spawn("application", () =>
        {
            StoreAndCheck(new ScriptThread(host.Scheduler, "application"), range, 40);
            done = true;
        });
        while (!done)
        {
            host.Scheduler.WaitUntilIdle("the deadline");
            host.Tick(ToDeadline + 1);
            host.Scheduler.WaitUntil(() => true, "others");
        }

        Assert.True(device.Memory.PageMap.Copies.IsOverdue);
        Assert.True(host.Devices[1].Memory.Statistics.Allocations > 0);

        // Its late copies are of no page by now, and their frames are free once it is done with them.
        Release(host, device);
        for (var page = 0; page < 40; page++)
        {
            Assert.Equal(page + 100, script.LoadWord(range.Memory, page, 0));
        }

        script.StoreWord(range.Memory, 3, 0, 1);
        StoreAndCheck(script, range, 40);
    });

    [Fact]
    public void AFlushFailsAtTheDeadlineAndAnOlderWriteNeverOvertakesANewerOne() =>
        Scenario.Run(s_roomy, static (host, script) =>
    {
        var file = host.AddFile(8, 12);
        var range = host.Open(RangeKind.FileShared, 8, 12, file);
        StoreAndCheck(script, range, 8);
        file.Device.IsHeld = true;
        var flush = Attempt.Of(host, () => host.Manager.Operations.Flush(range.Range, 0, 8));
        host.Scheduler.WaitUntil(() => file.Device.HasPending, "the write");
        host.Scheduler.WaitUntilIdle("all writes");
        host.Tick(ToDeadline + 1);
        Assert.Equal(Errno.ETIMEDOUT, flush.WaitForError());

        // What is newer waits until the older write, which may still be done at any moment, has been.
        for (var page = 0; page < 8; page++)
        {
            script.StoreWord(range.Memory, page, 0, page + 500);
        }

        var pending = file.Device.PendingCount;
        var again = Attempt.Of(host, () => host.Manager.Operations.Flush(range.Range, 0, 8));
        Assert.Equal(Errno.ETIMEDOUT, again.WaitForError());
        Assert.Equal(pending, file.Device.PendingCount);
        Release(host, file.Device);
        host.Manager.Operations.Flush(range.Range, 0, 8);
        for (var page = 0; page < 8; page++)
        {
            Assert.Equal(page + 500, BitConverter.ToInt64(file.Page(page)));
        }
    });

    [Fact]
    public void ARangeClosesWhileItsDeviceHasACopy() => Scenario.Run(s_tight, static (host, script) =>
    {
        var range = host.Open(RangeKind.Anonymous, 4);
        StoreAndEvict(host, script, range);
        var device = Hold(host, 0);
        var touch = Attempt.Load(host, range, 2);
        host.Scheduler.WaitUntil(() => device.HasPending, "the copy");
        host.Tick(ToDeadline + 1);
        Assert.Equal(TouchOutcome.Fails, touch.Wait());
        host.Close(range);
        var used = device.Memory.Statistics.FramesUsed;
        Assert.True(used > 0, "the frame of the copy is kept");
        Release(host, device);
        Assert.True(device.Memory.Statistics.FramesUsed < used, "and no longer than that");
    });

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void AMigrationThatMeetsADeviceWithoutAnswersMovesNothing(int held) =>
        Scenario.Run(s_tight with { DeviceFrames = [64, 64] }, (host, script) =>
    {
        var range = host.Open(RangeKind.Anonymous, 4);
        StoreAndEvict(host, script, range);
        var device = Hold(host, held);
        MigrateResults? results = null;
        host.Scheduler.Spawn("migration", () => results =
            host.Manager.Migrator.Migrate(range.Range, 0, 4, host.Devices[1].Memory, default));
        host.Scheduler.WaitUntil(() => device.HasPending, "the copy");
        host.Scheduler.WaitUntilIdle("all copies");
        host.Tick(ToDeadline + 1);
        host.Scheduler.WaitUntil(() => results is not null, "the migration");
        Assert.All(results!.Errors.ToArray(), static error => Assert.Equal(Errno.ETIMEDOUT, error));
        Release(host, device);
        for (var page = 0; page < 4; page++)
        {
            Assert.Equal(page + 100, script.LoadWord(range.Memory, page, 0));
        }
    });

    [Fact]
    public void ADeviceThatDoesNotAnswerIsNotRemovedUntilItDoes() =>
        Scenario.Run(s_roomy with { DeviceFrames = [64, 64] }, static (host, script) =>
    {
        var range = host.Open(RangeKind.Anonymous, 4);
        StoreAndCheck(script, range, 4);
        host.Manager.Migrator.Migrate(range.Range, 0, 4, host.Devices[0].Memory, default);
        var device = Hold(host, 0);
        var removal = Attempt.Of(host, () => host.Manager.Evacuator.Remove(device.Memory, default));
        host.Scheduler.WaitUntil(() => device.HasPending, "the copy");
        host.Scheduler.WaitUntilIdle("all copies");
        host.Tick(ToDeadline + 1);
        Assert.Equal(Errno.ETIMEDOUT, removal.WaitForError());
        Release(host, device);
        for (var page = 0; page < 4; page++)
        {
            Assert.Equal(page + 100, script.LoadWord(range.Memory, page, 0));
        }

        host.Manager.Evacuator.Remove(device.Memory, default);
        host.Devices.Remove(device);
        for (var page = 0; page < 4; page++)
        {
            Assert.Equal(page + 100, script.LoadWord(range.Memory, page, 0));
        }
    });

    [Fact]
    public void OtherDevicesServeOnWhileOneHasEveryBuffer() =>
        Scenario.Run(s_roomy, static (host, script) =>
    {
        // More copies than there are buffers for fills.
        var slow = host.AddFile(100, 12);
        var fast = host.AddFile(8, 12);
        var stalled = host.Open(RangeKind.FilePrivate, 100, 12, slow, errors: ErrorPolicy.Wait);
        var other = host.Open(RangeKind.FilePrivate, 8, 12, fast);
        stalled.Range.Advice = Advice.Random;
        slow.Device.IsHeld = true;
        var touches = new List<Attempt>();
        for (var page = 0; page < 70; page++)
        {
            touches.Add(Attempt.Load(host, stalled, page));
        }

        host.Scheduler.WaitUntil(() => slow.Device.PendingCount >= 64, "every buffer is taken");
        host.Scheduler.WaitUntilIdle("all copies");
        host.Tick(ToDeadline + 1);
        for (var page = 0; page < 8; page++)
        {
            Assert.Equal(BitConverter.ToInt64(fast.Page(page)), script.LoadWord(other.Memory, page, 0));
        }

        Release(host, slow.Device);
        host.Tick(1);
        Assert.All(touches, static touch => Assert.Equal(TouchOutcome.Done, touch.Wait()));
    });

    private static SimulatedDevice Hold(SimulatedHost host, int device)
    {
        host.WaitQuiet();
        host.Devices[device].IsHeld = true;
        return host.Devices[device];
    }

    /// <summary>The device does what it owes, long after its deadline.</summary>
    private static void Release(SimulatedHost host, SimulatedDevice device)
    {
        Assert.True(device.Memory.PageMap.Copies.IsOverdue);
        device.IsHeld = false;
        host.Scheduler.WaitUntil(() => device.PendingCount == 0, "the late copies");
        Assert.False(device.Memory.PageMap.Copies.IsOverdue);
    }
}
