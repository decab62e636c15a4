// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Simulation.Tests.Applications;
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Migration;

/// <summary>
/// A checkpoint is of one moment, whatever its application does meanwhile, under seeded schedules. The image of these
/// tests takes frames as they are: what is wrong in it is the core's cut.
/// </summary>
public sealed class CheckpointTests
{
    [Fact]
    public void ACheckpointIsOfOneMoment() => SeededRuns.All(600, [], static (seed, scheduler, pool) =>
        Run(seed, scheduler, pool, Mutant.None));

    [Fact]
    public void CatchesTheMutantThatCutsWithoutFreezing()
    {
        var seed = SeededRuns.UntilFailure(
            400,
            static (seed, scheduler, pool) => RunUntilTorn(seed, scheduler, pool, Mutant.CutWithoutFreeze),
            out _);
        Assert.True(seed > 0, "no checkpoint was of two moments under 400 seeds");
    }

    [Fact]
    public void AReadThatIsLateKeepsItsFrameThroughACheckpoint() =>
        Scenario.Run(new HostSettings { RoomFrames = 8 }, static (host, script) =>
    {
        var store = host.AddStore(64);
        var file = host.AddFile(4, 12);
        using var image = new SimulatedImage(store, file);
        var range = host.Open(RangeKind.Persistent, 4, file: file, store: store);
        Stories.StoreAndEvict(host, script, range);
        store.IsHeld = true;
        var touch = Attempt.Load(host, range, 2);
        host.Scheduler.WaitUntil(() => store.HasPending, "the copy");
        host.Tick(Deadlines.TicksPerDeadline + 1);
        Assert.Equal(TouchOutcome.Fails, touch.Wait());

        // What is on the device already needs no write: the checkpoint is made, with the page that nobody could read.
        host.Manager.Checkpoints.Run(range.Range, image);
        Assert.Equal(102, BitConverter.ToInt64(file.Page(2)));
        store.IsHeld = false;
        host.Scheduler.WaitUntil(() => store.PendingCount == 0, "the late copy");
        host.Manager.Operations.DontNeed(range.Range, 2, 1);
        for (var page = 0; page < 4; page++)
        {
            Assert.Equal(page + 100, script.LoadWord(range.Memory, page, 0));
        }

        host.Close(range);
        image.GiveBack();
        Assert.Equal(0UL, store.Memory.Statistics.FramesUsed);
    });

    [Fact]
    public void ACheckpointFailsWhileItsStoreDoesNotAnswerAndIsMadeOnceItDoes() =>
        Scenario.Run(new HostSettings { RoomFrames = 100 }, static (host, script) =>
    {
        var store = host.AddStore(64);
        var file = host.AddFile(4, 12);
        using var image = new SimulatedImage(store, file);
        var range = host.Open(RangeKind.Persistent, 4, file: file, store: store);
        for (var page = 0; page < 4; page++)
        {
            script.StoreWord(range.Memory, page, 0, page + 100);
        }

        store.IsHeld = true;
        var first = Attempt.Of(host, () => host.Manager.Checkpoints.Run(range.Range, image));
        host.Scheduler.WaitUntil(() => store.HasPending, "the write");
        host.Scheduler.WaitUntilIdle("all writes");
        host.Tick(Deadlines.TicksPerDeadline + 1);
        Assert.Equal(Errno.ETIMEDOUT, first.WaitForError());

        // It is asked for nothing more by now, which is not to say that it is full.
        var pending = store.PendingCount;
        var again = Attempt.Of(host, () => host.Manager.Checkpoints.Run(range.Range, image));
        Assert.Equal(Errno.ETIMEDOUT, again.WaitForError());
        Assert.Equal(pending, store.PendingCount);
        store.IsHeld = false;
        host.Scheduler.WaitUntil(() => store.PendingCount == 0, "the late write");
        host.Manager.Checkpoints.Run(range.Range, image);
        for (var page = 0; page < 4; page++)
        {
            Assert.Equal(page + 100, BitConverter.ToInt64(file.Page(page)));
        }

        host.Close(range);
        image.GiveBack();
        Assert.Equal(0UL, store.Memory.Statistics.FramesUsed);
    });

    /// <summary>Only a torn checkpoint counts; a check that sees the breach earlier does not.</summary>
    private static void RunUntilTorn(ulong seed, SeededScheduler scheduler, NativePool pool, Mutant mutant)
    {
        try
        {
            Run(seed, scheduler, pool, mutant);
        }
        catch (ScheduleException exception) when (!exception.Message.StartsWith("torn", StringComparison.Ordinal))
        {
        }
    }

    private static void Run(ulong seed, SeededScheduler scheduler, NativePool pool, Mutant mutant)
    {
        var shape = new SeededRandom(seed ^ 0xC0FFEE);
        scheduler.Begin(seed, shape.Pick([15, 50, 150, 300]));
        using var host = new SimulatedHost(scheduler, pool, new HostSettings
        {
            // Less than the range, so that pages come and go between checkpoints; or more.
            RoomFrames = shape.Pick([8, 16, 40, 100]),
            ThreadCount = shape.Between(2, 4),
            Mutant = mutant,
        });
        var world = new CheckpointWorld(host, shape.Between(1, 3), shape.Between(2, 8));
        host.SpawnServices();
        world.Spawn(checkpoints: shape.Between(1, 4));
        scheduler.Run();
    }
}
