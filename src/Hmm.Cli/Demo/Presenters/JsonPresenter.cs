// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Output;

namespace Hmm.Cli.Demo.Presenters;

/// <summary>Prints the report as one JSON document, and nothing before it.</summary>
internal sealed class JsonPresenter(TextWriter output) : IDemoPresenter
{
    public void Started(DemoPlan plan, DemoMonitor monitor)
    {
    }

    public void PhaseEnded(PhaseReport phase)
    {
    }

    public void Ended(DemoReport report) => JsonOutput.Write(output, report);

    public void Dispose()
    {
    }
}
