// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Demo.Presenters;

/// <summary>
/// Plain lines for pipes and logs: one a phase, and one every few seconds in between.
/// </summary>
internal sealed class PlainPresenter(TextWriter output) : IDemoPresenter
{
    // Rare enough for a log, often enough to see that it is alive.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private Ticker? _ticker; // owner thread

    public void Started(DemoPlan plan, DemoMonitor monitor)
    {
        Write(DemoText.Title(plan));
        _ticker = new Ticker("hmm-lines", Interval, () => Tick(monitor.Snapshot()));
    }

    public void PhaseEnded(PhaseReport phase) =>
        Write($"{phase.Phase.ToString().ToLowerInvariant(),-7} done in {DemoText.Seconds(phase.Seconds)}: "
            + $"{phase.Faults:N0} faults, {phase.Fills:N0} fills, {phase.Evictions:N0} evictions");

    public void Ended(DemoReport report)
    {
        Dispose();
        Write("");
        DemoText.WriteTable(output, report);
        Write(report.Verdict);
    }

    public void Dispose()
    {
        _ticker?.Dispose();
        _ticker = null;
    }

    private void Tick(in DemoSnapshot snapshot) =>
        Write($"{snapshot.Phase.ToString().ToLowerInvariant(),-7} {snapshot.Share,4:P0}  "
            + $"{ByteSize.Format(snapshot.ResidentBytes)} resident, {snapshot.Statistics.Faults:N0} faults, "
            + $"{ByteSize.Format(snapshot.Statistics.BytesIn)} in, "
            + $"{ByteSize.Format(snapshot.Statistics.BytesOut)} out");

    private void Write(string line)
    {
        lock (_gate)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }
}
