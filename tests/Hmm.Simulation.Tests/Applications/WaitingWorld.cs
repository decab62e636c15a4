// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Core.Virtual;
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Applications;

/// <summary>
/// Threads fault on large pages while pinned small ones hold all DRAM, and several others give these up, each its part
/// and in its own way. Only the last frame lets a fault go on, and reclaim rests from then on: whoever was not seen
/// waiting at that moment waits for ever. In the end every thread has its page, and every count is back at zero.
/// </summary>
internal sealed class WaitingWorld : IDisposable
{
    // As many frames as reclaim keeps free, and all that there are: one large page.
    private const int RoomFrames = 64;
    private const int LargeShift = 18;

    private static long s_waitCount; // Guarded by: atomic
    private static long s_starvedCount; // Guarded by: atomic

    private readonly SimulatedHost _host; // immutable
    private readonly SeededRandom _random; // immutable
    private readonly bool _mayFail; // immutable

    private WaitingWorld(ulong seed, SeededScheduler scheduler, NativePool pool, Mutant mutant)
    {
        var shape = new SeededRandom(seed ^ 0x5EED);

        // Often: what is to be met is one step between two others.
        scheduler.Begin(seed, shape.Pick([150, 300, 600, 1000]));
        _random = scheduler.Random;
        var starvePermille = shape.Pick([0, 0, 200, 600]);
        _mayFail = starvePermille > 0;
        _host = new SimulatedHost(scheduler, pool, new HostSettings
        {
            RoomFrames = RoomFrames,
            ThreadCount = shape.Between(2, 5),
            StarvePermille = starvePermille,
            Mutant = mutant,
        });
        Assert.Equal(RoomFrames, _host.Manager.Budget.HighWatermark);
    }

    /// <summary>Faults that waited, in all runs.</summary>
    public static long WaitCount => Volatile.Read(ref s_waitCount);

    /// <summary>Those of them that failed.</summary>
    public static long StarvedCount => Volatile.Read(ref s_starvedCount);

    /// <summary>Runs one seed.</summary>
    public static void Run(ulong seed, SeededScheduler scheduler, NativePool pool) =>
        Run(seed, scheduler, pool, Mutant.None);

    /// <summary>Runs one seed of a broken variant.</summary>
    public static void Run(ulong seed, SeededScheduler scheduler, NativePool pool, Mutant mutant)
    {
        using var world = new WaitingWorld(seed, scheduler, pool, mutant);
        world._host.SpawnServices();
        scheduler.Spawn("script", world.Play);
        scheduler.Run();
    }

    public void Dispose() => _host.Dispose();

    private void Play()
    {
        var rounds = _random.Between(1, 4);
        for (var round = 0; round < rounds; round++)
        {
            PlayRound();
        }

        Interlocked.Add(ref s_starvedCount, _host.StarvedCount);
        _host.VerifyEmpty();
        _host.Stop();
    }

    private void PlayRound()
    {
        var parts = TakeAll();
        var large = _random.Chance(500)
            ? _host.Open(RangeKind.Anonymous, 2, LargeShift)
            : _host.Open(RangeKind.FilePrivate, 2, LargeShift, _host.AddFile(2, LargeShift));
        large.Range.Advice = Advice.Random;
        var attempts = parts.ConvertAll(part => Attempt.Of(_host, () => GiveUp(part)));
        for (var page = _random.Next(2); page >= 0; page--)
        {
            var touched = page;
            attempts.Add(Attempt.Of(_host, () => Touch(large, touched)));
        }

        Assert.All(attempts, static attempt => Assert.Equal(Errno.None, attempt.WaitForError()));
        _host.WaitQuiet();
        _host.VerifyQuiet();
        for (var page = 0; page < 2; page++)
        {
            Assert.NotEqual(PageState.Poisoned, large.Range.Table.Read(page).State);
        }

        Interlocked.Add(ref s_waitCount, large.Range.Statistics.Waits);
        foreach (var range in _host.Ranges.ToArray())
        {
            _host.Close(range);
        }
    }

    private void Pause()
    {
        for (var i = _random.Next(40); i > 0; i--)
        {
            _host.Scheduler.Yield();
        }
    }

    /// <summary>Pins small pages until nothing is left; returns the ranges that have them.</summary>
    private List<SimulatedRange> TakeAll()
    {
        var parts = new List<SimulatedRange>();
        for (var left = RoomFrames; left > 0;)
        {
            var pages = parts.Count == 3 ? left : _random.Between(1, left);
            var part = _host.Open(RangeKind.Anonymous, pages);

            // Nothing is brought ahead: that would come in between.
            part.Range.Advice = Advice.Random;
            _host.Manager.Operations.Pin(part.Range, 0, pages);
            parts.Add(part);
            left -= pages;
        }

        return parts;
    }

    private void Touch(SimulatedRange large, int page)
    {
        Pause();
        Span<byte> word = stackalloc byte[sizeof(long)];
        var outcome = new ScriptThread(_host.Scheduler, $"page {page}").Load(large.Memory, page, 0, word);
        Assert.True(
            outcome == TouchOutcome.Done || (_mayFail && outcome == TouchOutcome.Fails), $"page {page}: {outcome}");
    }

    private void GiveUp(SimulatedRange part)
    {
        Pause();
        var (range, operations) = (part.Range, _host.Manager.Operations);
        switch (_random.Next(4))
        {
            case 0:
                _host.Close(part);
                break;
            case 1:
                operations.Unpin(range, 0, range.PageCount);
                operations.DontNeed(range, 0, range.PageCount);
                break;
            case 2:
                for (var page = 0L; page < range.PageCount; page++)
                {
                    operations.Unpin(range, page, 1);
                    operations.DontNeed(range, page, 1);
                }

                break;
            default:
                // Nobody is told: reclaim finds out by itself that these pages can leave.
                operations.Unpin(range, 0, range.PageCount);
                break;
        }
    }
}
