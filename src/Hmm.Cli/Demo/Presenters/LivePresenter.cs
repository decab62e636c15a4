// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Cli.Output;
using Hmm.Uapi;
using Spectre.Console;

namespace Hmm.Cli.Demo.Presenters;

/// <summary>
/// Progress, counters and the residency map, redrawn about eight times a second while the demo
/// runs; the end table when it is over.
/// </summary>
/// <remarks>
/// Threads: the demo's thread calls the interface; one thread of this object owns the live display,
/// and only it draws.
/// </remarks>
internal sealed class LivePresenter(Terminal terminal) : IDemoPresenter
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(125);
    private const int MapRows = 8;
    private const int MapColumnsMax = 120;
    private const int BarColumns = 36;

    private readonly Lock _gate = new();
    private readonly Dictionary<DemoPhase, PhaseReport> _ended = []; // Guarded by: _gate
    private readonly ManualResetEventSlim _stop = new(); // atomic
    private DemoMonitor? _monitor; // immutable after Started
    private Thread? _thread; // owner thread
    private DemoSnapshot _last; // drawing thread
    private double _faultsPerSecond; // drawing thread
    private double _inPerSecond; // drawing thread
    private double _outPerSecond; // drawing thread
    private long _drawnAt; // drawing thread

    public void Started(DemoPlan plan, DemoMonitor monitor)
    {
        _monitor = monitor;
        terminal.Ansi.WriteLine(DemoText.Title(plan));
        terminal.Ansi.WriteLine();
        _thread = new Thread(() => Draw(plan)) { IsBackground = true, Name = "hmm-display" };
        _thread.Start();
    }

    public void PhaseEnded(PhaseReport phase)
    {
        lock (_gate)
        {
            _ended[phase.Phase] = phase;
        }
    }

    public void Ended(DemoReport report)
    {
        Dispose();
        terminal.Ansi.WriteLine();
        DemoText.WriteTable(terminal.Out, report);
        terminal.Ansi.MarkupLine($"[{(report.Right ? "green" : "red bold")}]{Markup.Escape(report.Verdict)}[/]");
    }

    public void Dispose()
    {
        _stop.Set();
        _thread?.Join();
        _thread = null;
    }

    private void Draw(DemoPlan plan)
    {
        _drawnAt = Stopwatch.GetTimestamp();
        try
        {
            terminal.Ansi.Live(new Text("")).Start(context =>
            {
                do
                {
                    context.UpdateTarget(Screen(plan));
                }
                while (!_stop.Wait(Interval));
                context.UpdateTarget(Screen(plan));
            });
        }
        catch (HmmException)
        {
            // The host is gone: the demo's own thread meets the same error and reports it.
        }
    }

    private Rows Screen(DemoPlan plan)
    {
        var snapshot = _monitor!.Snapshot();
        UpdateRates(snapshot);
        return new Rows(PhaseLines(plan, snapshot), Map(), Legend(), Counters(plan, snapshot));
    }

    /// <summary>Rates over the last second or so: each drawing counts an eighth.</summary>
    private void UpdateRates(in DemoSnapshot snapshot)
    {
        const double Weight = 0.2;
        var now = Stopwatch.GetTimestamp();
        var seconds = Stopwatch.GetElapsedTime(_drawnAt, now).TotalSeconds;
        if (seconds > 0.01)
        {
            var before = _last.Statistics;
            var after = snapshot.Statistics;
            _faultsPerSecond += Weight * (((after.Faults - before.Faults) / seconds) - _faultsPerSecond);
            _inPerSecond += Weight * (((after.BytesIn - before.BytesIn) / seconds) - _inPerSecond);
            _outPerSecond += Weight * (((after.BytesOut - before.BytesOut) / seconds) - _outPerSecond);
            _last = snapshot;
            _drawnAt = now;
        }
    }

    private Grid PhaseLines(DemoPlan plan, in DemoSnapshot snapshot)
    {
        var grid = new Grid().AddColumns(3);
        foreach (var phase in plan.Phases)
        {
            PhaseReport? ended;
            lock (_gate)
            {
                _ended.TryGetValue(phase, out ended);
            }

            if (ended is not null)
            {
                grid.AddRow(
                    new Markup($"[green]✓[/] {phase.ToString().ToLowerInvariant()}"),
                    new Text(DemoText.Seconds(ended.Seconds)),
                    new Text($"{ByteSize.Format(ended.Bytes / Math.Max(ended.Seconds, 1e-3))}/s"));
            }
            else if (phase == snapshot.Phase)
            {
                grid.AddRow(
                    new Markup($"[yellow]›[/] [bold]{phase.ToString().ToLowerInvariant()}[/]"),
                    new Text(DemoText.Seconds(snapshot.Elapsed.TotalSeconds)),
                    new Markup($"{Bar(snapshot.Share, "yellow")} {snapshot.Share,4:P0}  {DemoText.Describe(phase)}"));
            }
            else
            {
                grid.AddRow(
                    new Markup($"  [grey]{phase.ToString().ToLowerInvariant()}[/]"),
                    new Text(""),
                    new Markup($"[grey]{DemoText.Describe(phase)}[/]"));
            }
        }

        return grid;
    }

    private Panel Map()
    {
        // Two columns of border and two of padding.
        var columns = Math.Clamp(terminal.Ansi.Profile.Width - 4, 16, MapColumnsMax);
        var cells = _monitor!.Residency(columns * MapRows);
        var map = new Paragraph();
        for (var i = 0; i < cells.Length;)
        {
            var look = CellLook.Of(cells[i]);
            var end = i + 1;
            // One piece of text a run of equal cells: fewer escape codes, less flicker.
            while (end < cells.Length && end % columns != 0 && CellLook.Of(cells[end]) == look)
            {
                end++;
            }

            map.Append(new string(look.Glyph, end - i), look.Style);
            if (end % columns == 0 && end < cells.Length)
            {
                map.Append("\n");
            }

            i = end;
        }

        return new Panel(map) { Header = new PanelHeader(" where the pages are "), Border = BoxBorder.Rounded };
    }

    private static Paragraph Legend()
    {
        var legend = new Paragraph("  ");
        foreach (var look in CellLook.All)
        {
            legend.Append(look.Glyph.ToString(), look.Style).Append($" {look.Meaning}   ");
        }

        return legend;
    }

    private Grid Counters(DemoPlan plan, in DemoSnapshot snapshot)
    {
        var statistics = snapshot.Statistics;
        var share = Math.Min(1, snapshot.ResidentBytes / (double)plan.BudgetBytes);
        var grid = new Grid().AddColumns(2);
        grid.AddRow(
            new Text("DRAM"),
            new Markup($"{Bar(share, "green")} {ByteSize.Format(snapshot.ResidentBytes)} "
                + $"of {ByteSize.Format(plan.BudgetBytes)}, peak {ByteSize.Format(snapshot.PeakResidentBytes)}"));
        grid.AddRow(
            new Text("faults"),
            new Text($"{_faultsPerSecond,9:N0} /s    {statistics.Faults:N0} in all"));
        grid.AddRow(
            new Text("in"),
            new Text($"{ByteSize.Format(_inPerSecond),9} /s    {ByteSize.Format(statistics.BytesIn)}, "
                + $"{statistics.FilledPages:N0} fills"));
        grid.AddRow(
            new Text("out"),
            new Text($"{ByteSize.Format(_outPerSecond),9} /s    {ByteSize.Format(statistics.BytesOut)}, "
                + $"{statistics.EvictedPages:N0} evictions"));
        return grid;
    }

    private static string Bar(double share, string colour)
    {
        var full = (int)Math.Round(Math.Clamp(share, 0, 1) * BarColumns);
        return $"[{colour}]{new string('━', full)}[/][grey]{new string('─', BarColumns - full)}[/]";
    }
}
