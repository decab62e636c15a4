// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Cli.Bench.Comparing;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Running;
using Hmm.Cli.Bench.Spaces;

namespace Hmm.Cli.Bench.Suite;

/// <summary>
/// Memory over a file against the least that paging by another process can cost: the C program
/// <c>bench/floor/filepager.c</c> on the same file with the same budget, in turns. Where a line loses to the kernel's
/// paging and not to this one, what it loses is the price of a process in between.
/// </summary>
internal static class PagerRun
{
    private const string Against = "C pager";
    private const double Least = 1 / 1.1;

    private static readonly (string Work, string Mode, AccessPattern Pattern, int PrefetchPages)[] s_lines =
    [
        ("randread, file", "read", AccessPattern.RandRead, 0),
        ("randwrite, file", "write", AccessPattern.RandWrite, 0),
        (FioRun.Work, "ahead", AccessPattern.RandRead, FioRun.PrefetchPages),
    ];

    /// <summary>Runs each line.</summary>
    /// <param name="floor">The programs.</param>
    /// <param name="withFile">Gives a plan its file.</param>
    /// <param name="rounds">Turns of each line.</param>
    /// <param name="show">Takes each result of ours.</param>
    /// <param name="cancellation">Ends it.</param>
    internal static async Task<IReadOnlyList<SuiteRow>> RunAsync(
        FloorPrograms floor,
        Func<AccessPattern, BenchPlan> withFile,
        int rounds,
        Action<BenchResult> show,
        CancellationToken cancellation)
    {
        var rows = new List<SuiteRow>();
        foreach (var (work, mode, pattern, prefetchPages) in s_lines)
        {
            if (!floor.Exist)
            {
                rows.Add(SuiteRow.NotMeasured(work, Against, Least, FloorPrograms.Missing));
                continue;
            }

            var plan = withFile(pattern) with { Target = BenchTarget.Hmm, PrefetchPages = prefetchPages };
            var results = new (double Ours, double Theirs)[rounds];
            for (var round = 0; round < rounds; round++)
            {
                var result = await BenchProcess.RunAsync(plan, cancellation).ConfigureAwait(false);
                show(result);
                results[round] = (result.OpsS, await PageAsync(floor, mode, plan, cancellation).ConfigureAwait(false));
            }

            rows.Add(SuiteRow.Of(work, Against, "ops/s", Least, results, static (ours, theirs) => ours / theirs));
        }

        return rows;
    }

    private static async Task<double> PageAsync(
        FloorPrograms floor, string mode, BenchPlan plan, CancellationToken cancellation)
    {
        string[] arguments =
        [
            mode, plan.FilePath, Text(plan.BudgetBytes >> 20), Text(plan.WarmOps),
            Text(Math.Ceiling(plan.Seconds)),
        ];
        using var result = await floor.RunAsync("filepager", arguments, cpu: null, cancellation).ConfigureAwait(false);
        return result.RootElement.GetProperty("ops_s").GetDouble();
    }

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
