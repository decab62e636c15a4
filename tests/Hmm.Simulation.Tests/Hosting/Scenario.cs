// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Applications;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Hosting;

/// <summary>
/// One story, told by a script beside the host's threads, under many schedules. Afterwards everything is quiet, every
/// page is as the kernel has it, and once all ranges are closed every count is zero.
/// </summary>
internal static class Scenario
{
    private const int Seeds = 60;

    /// <summary>Runs the story under every seed.</summary>
    public static void Run(HostSettings settings, Action<SimulatedHost, ScriptThread> story) =>
        SeededRuns.All(Seeds, [], (seed, scheduler, pool) => RunOne(seed, scheduler, pool, settings, story),
            "FullyQualifiedName~" + story.Method.DeclaringType!.FullName);

    private static void RunOne(
        ulong seed,
        SeededScheduler scheduler,
        NativePool pool,
        HostSettings settings,
        Action<SimulatedHost, ScriptThread> story)
    {
        scheduler.Begin(seed, new SeededRandom(seed).Pick([0, 30, 100, 300]));
        using var host = new SimulatedHost(scheduler, pool, settings);
        host.SpawnServices();
        scheduler.Spawn("script", () =>
        {
            story(host, new ScriptThread(scheduler, "script"));
            host.WaitQuiet();
            host.VerifyQuiet();
            foreach (var range in host.Ranges.ToArray())
            {
                host.Close(range);
            }

            host.VerifyEmpty();
            host.Stop();
        });
        scheduler.Run();
    }
}
