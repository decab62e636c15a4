// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Demo;

/// <summary>
/// How a demo is shown. The demo calls these from its own thread, in this order; between two calls
/// a presenter may look at the monitor from a thread of its own. Disposing ends that thread and
/// leaves the terminal as it was.
/// </summary>
internal interface IDemoPresenter : IDisposable
{
    void Started(DemoPlan plan, DemoMonitor monitor);

    void PhaseEnded(PhaseReport phase);

    void Ended(DemoReport report);
}
