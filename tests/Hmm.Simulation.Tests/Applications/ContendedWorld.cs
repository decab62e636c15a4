// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Applications;

/// <summary>
/// Several threads of an application on the same pages, with every thread of the host at work at the same time. The
/// seed decides the shape of the world and every interleaving. At the end: no store was lost, no thread is stuck, and
/// every count is back at zero.
/// </summary>
internal sealed class ContendedWorld : IDisposable
{
    private static int s_lateCount; // Guarded by: atomic

    private readonly SimulatedHost _host; // immutable
    private readonly SeededRandom _random; // immutable
    private readonly List<Worker> _workers = [];
    private readonly List<Session> _sessions = [];
    private readonly List<SimulatedRange> _lossy = [];
    private readonly Disturbance _disturbance; // immutable
    private readonly CheckedTrace _trace = new();
    private readonly bool _writeErrors; // immutable
    private readonly bool _late; // immutable
    private Verifier? _verifier; // Guarded by: the baton
    private bool _churning; // Guarded by: the baton

    private ContendedWorld(ulong seed, SeededScheduler scheduler, NativePool pool, Mutant mutant, bool late)
    {
        _late = late;
        var shape = new SeededRandom(seed ^ 0x5EED);
        scheduler.Begin(seed, shape.Pick([5, 15, 50, 150, 300]));
        _random = scheduler.Random;
        _writeErrors = shape.Chance(150);
        _host = new SimulatedHost(scheduler, pool, new HostSettings
        {
            // Below the high watermark (64) everything is on its way out all the time; above, in waves.
            RoomFrames = shape.Pick([6, 12, 24, 40, 70, 90, 140]),
            ThreadCount = shape.Between(2, 5),
            DeviceFrames = shape.Chance(500) ? [512] : [64, 512],
            CoherentFrames = shape.Chance(200) ? 64 : 0,
            OverdraftFrames = shape.Chance(300) ? 4 : 0,
            Mutant = mutant,
            TickPermille = late ? shape.Pick([20, 100, 400]) : 0,
            AllowStarving = late,
        });
        _host.Manager.Trace = _trace;
        foreach (var device in _host.Devices)
        {
            device.Encodes = seed % 2 == 0;
            device.Faults.InlinePermille = shape.Pick([0, 0, 300, 1000]);
            device.Faults.WriteErrorPermille = _writeErrors ? 100 : 0;
            device.Faults.ReadErrorPermille = late ? 100 : 0;
        }

        _disturbance = new Disturbance(_host.Kernel, shape.Next(8), shape.Next(8));
    }

    /// <summary>Copies that missed their deadline, in all runs.</summary>
    public static int LateCount => Volatile.Read(ref s_lateCount);

    /// <summary>Runs one seed.</summary>
    public static void Run(ulong seed, SeededScheduler scheduler, NativePool pool) =>
        Run(seed, scheduler, pool, Mutant.None);

    /// <summary>
    /// Runs one seed with devices that miss their deadlines in the middle of everything, and fail to read, under ranges
    /// that wait for them: nothing may be lost by that either.
    /// </summary>
    public static void RunLate(ulong seed, SeededScheduler scheduler, NativePool pool) =>
        Run(seed, scheduler, pool, Mutant.None, late: true);

    /// <summary>Runs one seed of a broken variant.</summary>
    public static void Run(ulong seed, SeededScheduler scheduler, NativePool pool, Mutant mutant, bool late = false)
    {
        using var world = new ContendedWorld(seed, scheduler, pool, mutant, late);
        world.Populate();
        scheduler.Run();
        Interlocked.Add(ref s_lateCount, world._host.LateCount);
    }

    public void Dispose() => _host.Dispose();

    private void Populate()
    {
        var rangeCount = _random.Between(1, 3);
        for (var i = 0; i < rangeCount; i++)
        {
            OpenRange();
        }

        var workerCount = _random.Between(1, 4);
        for (var i = 0; i < workerCount; i++)
        {
            var worker = new Worker(_random, i, _random.Between(10, 60));
            foreach (var range in _host.Ranges)
            {
                worker.Join(range, _lossy.Contains(range));
            }

            _workers.Add(worker);
            _host.Scheduler.Add(worker);
        }

        _host.Scheduler.Add(_disturbance);
        _host.SpawnServices();
        var ranges = _host.Ranges.ToArray();
        _verifier = new Verifier(ranges, Verify);
        _host.Scheduler.Add(_verifier);
        var sessionCount = _random.Next(3);
        for (var i = 0; i < sessionCount; i++)
        {
            var session = new Session(_host, ranges, pinnedPagesMax: 2)
            {
                IsLossy = _lossy.Contains,
                AllowWriteErrors = _writeErrors,
                AllowLateness = _late,
            };
            _sessions.Add(session);
            var operations = _random.Between(4, 20);
            _host.Scheduler.Spawn($"session {i}", () => session.Run(operations));
        }

        if (_random.Chance(250))
        {
            _churning = true;
            _host.Scheduler.Spawn("churn", Churn);
        }

        _host.Scheduler.Spawn("end", End);
    }

    private void OpenRange()
    {
        var kind = (RangeKind)_random.Next(3);
        var pages = _random.Between(4, 64);
        var file = kind == RangeKind.Anonymous ? null : _host.AddFile(pages, 12);
        var range = _host.Open(kind, pages, 12, file, errors: _late ? ErrorPolicy.Wait : ErrorPolicy.Poison);
        if (kind != RangeKind.FileShared && _random.Chance(300))
        {
            _lossy.Add(range);
        }
    }

    /// <summary>Opens ranges and closes them in the middle of everything that can happen to them.</summary>
    private void Churn()
    {
        var rounds = _random.Between(1, 3);
        for (var i = 0; i < rounds; i++)
        {
            var file = _random.Chance(500) ? _host.AddFile(16, 12) : null;
            var range = _host.Open(
                file is null ? RangeKind.Anonymous : RangeKind.FilePrivate,
                16,
                12,
                file,
                errors: _late ? ErrorPolicy.Wait : ErrorPolicy.Poison);
            var worker = new Worker(_random, 0, 200);
            worker.Join(range);
            _host.Scheduler.Add(worker);
            var steps = _random.Next(100);
            for (var step = 0; step < steps; step++)
            {
                _host.Scheduler.Yield();
            }

            if (_random.Chance(300))
            {
                range.Memory.Kill();
            }

            _host.Close(range);
            _host.Scheduler.WaitUntil(() => worker.IsDone, "the end of a closed range's thread");
        }

        _churning = false;
    }

    private void End()
    {
        var scheduler = _host.Scheduler;
        scheduler.WaitUntil(
            () => !_churning && _workers.TrueForAll(static worker => worker.IsDone)
                && _sessions.TrueForAll(static session => session.IsDone),
            "the end of the application");
        _disturbance.Stop();
        _host.WaitQuiet();
        _host.VerifyQuiet();
        _verifier!.Start();
        scheduler.WaitUntil(() => _verifier.IsDone, "the verifier");

        // Nobody sleeps for a page, and no device owes a copy: what follows meets no deadline.
        _host.WaitQuiet();
        _host.StopClock();
        FlushAll();
        _host.WaitQuiet();
        _host.VerifyQuiet();
        foreach (var range in _host.Ranges.ToArray())
        {
            _trace.Verify(range.Range);
            _host.Close(range);
        }

        _host.VerifyEmpty();
        _host.Stop();
    }

    /// <summary>After a flush that succeeds, a shared file has every store.</summary>
    private void FlushAll()
    {
        foreach (var device in _host.Media)
        {
            device.Faults.WriteErrorPermille = 0;
        }

        foreach (var range in _host.Ranges)
        {
            range.Range.TakeWriteError();
            _host.Manager.Operations.Flush(range.Range, 0, range.Range.PageCount);
        }

        foreach (var range in _host.Ranges.Where(static range => range.Range.Kind == RangeKind.FileShared))
        {
            for (var page = 0L; page < range.Memory.PageCount; page++)
            {
                Verify(range, page, range.File!.Page(page));
            }
        }
    }

    private void Verify(SimulatedRange range, long page, ReadOnlySpan<byte> content)
    {
        foreach (var worker in _workers)
        {
            worker.Verify(range, page, content);
        }
    }
}
