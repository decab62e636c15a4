// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;

namespace Hmm.Simulation.Tests.Scheduling;

/// <summary>Waiting for others' pages, in a world where the scheduler says who runs.</summary>
internal sealed class SimulatedProgress : Progress
{
    private readonly SeededScheduler _scheduler; // immutable

    public SimulatedProgress(SeededScheduler scheduler)
    {
        _scheduler = scheduler;
    }

    public override void Wait(long seen) => _scheduler.WaitUntil(() => Epoch != seen, "progress on a page");
}
