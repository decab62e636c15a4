// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Runtime.CompilerServices;
using Hmm.Core;
using Hmm.Simulation.Tests.Kernel;

namespace Hmm.Simulation.Tests.Scheduling;

/// <summary>
/// Runs a test once per seed: first the seeds that once failed, then the others, on two schedulers side by side. The
/// environment variable HMM_SEED replays one seed alone.
/// </summary>
internal static class SeededRuns
{
    private const int WorkerCount = 2;

    /// <summary>Runs one world under one seed, on a scheduler and a pool of native memory that are reused.</summary>
    internal delegate void World(ulong seed, SeededScheduler scheduler, NativePool pool);

    /// <summary>A broken invariant must fail its seed, not end the test process.</summary>
    [ModuleInitializer]
    internal static void ThrowOnCorruption() =>
        Corruption.Handler = static message => throw new ScheduleException("corruption: " + message);

    /// <summary>Runs every seed; the first that fails is reported with the command that replays it.</summary>
    public static void All(int seeds, ReadOnlySpan<ulong> regressions, World world, [CallerMemberName] string test = "")
    {
        var failed = Find(Seeds(seeds, regressions), world, out var failure);
        if (failure is not null)
        {
            Assert.Fail(
                $"seed {failed} failed: {failure.Message}{Environment.NewLine}Replay it: HMM_SEED={failed} dotnet test "
                + $"tests/Hmm.Simulation.Tests --filter {test}{Environment.NewLine}"
                + $"{failure.InnerException ?? failure}");
        }
    }

    /// <summary>Runs seeds until one fails, as one of a broken variant must; returns how many it took, or -1.</summary>
    public static int UntilFailure(int seeds, World world, out Exception? failure)
    {
        var failed = Find(Seeds(seeds, []), world, out failure);
        return failure is null ? -1 : (int)failed;
    }

    private static ulong[] Seeds(int count, ReadOnlySpan<ulong> regressions)
    {
        var replay = Environment.GetEnvironmentVariable("HMM_SEED");
        return string.IsNullOrEmpty(replay)
            ? [.. regressions, .. Enumerable.Range(1, count).Select(static seed => (ulong)seed)]
            : [ulong.Parse(replay, CultureInfo.InvariantCulture)];
    }

    private static ulong Find(ulong[] seeds, World world, out Exception? failure)
    {
        var next = -1;
        var gate = new Lock();
        var failed = 0UL;
        Exception? first = null;
        var workers = new Thread[Math.Min(WorkerCount, seeds.Length)];
        for (var i = 0; i < workers.Length; i++)
        {
            workers[i] = new Thread(Work);
            workers[i].Start();
        }

        foreach (var worker in workers)
        {
            worker.Join();
        }

        failure = first;
        return failed;

        void Work()
        {
            using var pool = new NativePool();
            using var scheduler = new SeededScheduler();
            while (Volatile.Read(ref first) is null)
            {
                var index = Interlocked.Increment(ref next);
                if (index >= seeds.Length)
                {
                    return;
                }

                try
                {
                    pool.Reset();
                    world(seeds[index], scheduler, pool);
                }
                catch (Exception exception)
                {
                    lock (gate)
                    {
                        (failed, first) = first is null ? (seeds[index], exception) : (failed, first);
                    }
                }
            }
        }
    }
}
