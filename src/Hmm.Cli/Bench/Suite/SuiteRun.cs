// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Bench.Comparing;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Running;
using Hmm.Cli.Bench.Spaces;

namespace Hmm.Cli.Bench.Suite;

/// <summary>Runs everything that has a target, one line after another.</summary>
internal sealed class SuiteRun
{
    private readonly BenchPlan _plan; // immutable
    private readonly int _rounds; // immutable
    private readonly FloorPrograms _floor; // immutable
    private readonly Action<string> _show; // immutable
    private readonly List<SuiteRow> _rows = []; // owner thread
    private readonly HashSet<string> _files = []; // owner thread
    private readonly List<BenchResult> _results = []; // owner thread

    /// <summary>Prepares it.</summary>
    /// <param name="plan">Size, budget, times and folder; each line adds its pattern.</param>
    /// <param name="rounds">Turns of each line.</param>
    /// <param name="floor">The programs of <c>bench/floor</c>.</param>
    /// <param name="show">Takes a line of progress.</param>
    internal SuiteRun(BenchPlan plan, int rounds, FloorPrograms floor, Action<string> show)
    {
        _plan = plan;
        _rounds = rounds;
        _floor = floor;
        _show = show;
    }

    internal IReadOnlyList<SuiteRow> Rows => _rows;

    /// <summary>Every single run.</summary>
    internal IReadOnlyList<BenchResult> Results => _results;

    /// <summary>Removes the files that lines ran on.</summary>
    internal void DeleteFiles()
    {
        foreach (var file in _files)
        {
            BenchFile.Delete(file);
        }
    }

    internal async Task RunAsync(CancellationToken cancellation)
    {
        foreach (var row in await FloorRun.RunAsync(_plan, _floor, _rounds, cancellation).ConfigureAwait(false))
        {
            Add(row);
        }

        foreach (var row in ResidentTouch.Run(_plan).Concat(HintCost.Run(_plan)))
        {
            Add(row);
        }

        foreach (var line in SuiteLines.Of(_plan))
        {
            await RunAsync(line, cancellation).ConfigureAwait(false);
        }

        foreach (var row in await PagerRun.RunAsync(_floor, WithFile, _rounds, _results.Add, cancellation)
            .ConfigureAwait(false))
        {
            Add(row);
        }

        Add(await FioRun.RunAsync(WithFile(AccessPattern.RandRead), _rounds, _results.Add, cancellation)
            .ConfigureAwait(false));
        await RunScanAsync(cancellation).ConfigureAwait(false);
        Add(GcPauseRun.Run());
    }

    private async Task RunAsync(SuiteLine line, CancellationToken cancellation)
    {
        var comparison = new Comparison(WithFile(line.Plan), [.. line.Peers.Select(peer => peer.Target)]);
        try
        {
            comparison.TryPeers();
            await RunRoundsAsync(comparison, cancellation).ConfigureAwait(false);
        }
        catch (CommandException exception) when (exception.ExitCode != ExitCode.Wrong)
        {
            if (line.Peers is [var only])
            {
                Add(SuiteRow.NotMeasured(line.Work, only.Target.Name(), only.Least, exception.Message));
                return;
            }

            // Those that can be measured are, without the others.
            foreach (var peer in line.Peers)
            {
                await RunAsync(line with { Peers = [peer] }, cancellation).ConfigureAwait(false);
            }

            return;
        }

        for (var peer = 0; peer < line.Peers.Length; peer++)
        {
            Add(new SuiteRow(
                line.Work,
                line.Peers[peer].Target.Name(),
                comparison.Of(0, result => result.OpsS).Median,
                comparison.Of(peer + 1, result => result.OpsS).Median,
                "ops/s",
                comparison.Ratio(peer, result => result.OpsS),
                line.Peers[peer].Least,
                IsLimit: false));
        }
    }

    private async Task RunScanAsync(CancellationToken cancellation)
    {
        var comparison = new Comparison(WithFile(_plan with { Pattern = AccessPattern.Scan, Devices = [] }), []);
        await RunRoundsAsync(comparison, cancellation).ConfigureAwait(false);
        Add(new SuiteRow(
            "scan over a hot set, points lost of its hit ratio",
            "alone",
            100 * comparison.Of(0, result => result.HitsDuring).Median,
            100 * comparison.Of(0, result => result.HitsBefore).Median,
            "% hits",
            comparison.Of(0, result => 100 * (result.HitsBefore - result.HitsDuring)),
            Target: 5,
            IsLimit: true));
    }

    private async Task RunRoundsAsync(Comparison comparison, CancellationToken cancellation)
    {
        for (var round = 0; round < _rounds; round++)
        {
            await comparison.RunRoundAsync(_results.Add, cancellation).ConfigureAwait(false);
        }

        if (!comparison.Right)
        {
            throw new CommandException(ExitCode.Wrong, "a value was wrong; this is a defect, please report it");
        }
    }

    private BenchPlan WithFile(AccessPattern pattern) =>
        WithFile(SuiteLines.Full(_plan) with { Pattern = pattern, Devices = [] });

    /// <summary>Each size and kind of contents has a file of its own, made when first needed.</summary>
    private BenchPlan WithFile(BenchPlan plan)
    {
        var path = Path.Combine(_plan.DeviceFolder, $"hmm-bench-{plan.Pattern.Content()}-{plan.SizeBytes}.data");
        _files.Add(path);
        return plan with { FilePath = path };
    }

    private void Add(SuiteRow row)
    {
        _rows.Add(row);
        _show(SuiteReport.Line(row));
    }
}
