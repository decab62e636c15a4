// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Core.Migration;
using Hmm.Simulation.Tests.Applications;
using Hmm.Simulation.Tests.Scheduling;
using Hmm.Simulation.Tests.Kernel;

namespace Hmm.Simulation.Tests;

public sealed class TempTests
{
    [Fact]
    public void Measure()
    {
        using var pool = new NativePool();
        using var scheduler = new SeededScheduler();
        long picks = 0, switches = 0; var worst = (0L, 0UL);
        var start = Stopwatch.GetTimestamp();
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        for (var seed = 1UL; seed <= 400; seed++)
        {
            var t = Stopwatch.GetTimestamp();
            pool.Reset();
            ContendedWorld.Run(seed, scheduler, pool);
            picks += scheduler.Picks; switches += scheduler.Switches;
            var us = (long)Stopwatch.GetElapsedTime(t).TotalMicroseconds;
            worst = us > worst.Item1 ? (us, seed) : worst;
        }
        var w = Stopwatch.GetElapsedTime(start);
        var c = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        var t2 = Stopwatch.GetTimestamp();
        for (var seed = 1UL; seed <= 400; seed++)
        {
            pool.Reset();
            scheduler.Begin(seed, 1);
            using var h = new Hosting.SimulatedHost(scheduler, pool, new Hosting.HostSettings());
        }
        var setup = Stopwatch.GetElapsedTime(t2);
        Assert.Fail($"wall {w.TotalMilliseconds / 400:f2} ms cpu {c.TotalMilliseconds / 400:f2} ms per run, picks {picks / 400} switches {switches / 400}, worst {worst}, set-up {setup.TotalMilliseconds / 400:f2} gc {GC.CollectionCount(0)}/{GC.CollectionCount(2)}");
    }
}
