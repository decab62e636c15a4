// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Demo;

namespace Hmm.Cli.Tests.Support;

/// <summary>Notes the order of the demo's events, and may act on one.</summary>
internal sealed class RecordingPresenter : IDemoPresenter
{
    internal List<string> Events { get; } = [];

    internal Action<DemoPhase> OnPhaseEnded { get; set; } = _ => { };

    public void Started(DemoPlan plan, DemoMonitor monitor) => Events.Add("started");

    public void PhaseEnded(PhaseReport phase)
    {
        Events.Add(phase.Phase.ToString());
        OnPhaseEnded(phase.Phase);
    }

    public void Ended(DemoReport report) => Events.Add("ended");

    public void Dispose() => Events.Add("disposed");
}
