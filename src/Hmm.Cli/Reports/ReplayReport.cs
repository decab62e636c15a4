// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Cli.Output;
using Hmm.Cli.Replay;

namespace Hmm.Cli.Reports;

/// <summary>What a replay found.</summary>
internal static class ReplayReport
{
    /// <summary>Prints all of it.</summary>
    internal static void Print(
        Terminal terminal, TraceLog log, IReadOnlyList<IReadOnlyList<ReplayResult>> curves, string advice)
    {
        var output = terminal.Out;
        TraceReport.PrintSummary(output, log);
        output.WriteLine(log.Accesses > 0
            ? Text($"Of {log.Accesses:N0} accesses, as the application counted them:")
            : "Of the touches that the trace saw (uses of a page shortly after another are not seen):");
        var table = new TextTable("POLICY", "BUDGET", "HITS", "MISSES", "FAULTS", "FILLS", "EVICTIONS")
            .Right(1, 2, 3, 4, 5, 6);
        foreach (var result in curves.SelectMany(static curve => curve))
        {
            table.Add(
                result.Policy,
                ByteSize.Format(result.BudgetBytes),
                Text($"{result.HitRatio * 100:F1} %"),
                Text($"{(1 - result.HitRatio) * 100:F1} %"),
                Text($"{result.Faults:N0}"),
                Text($"{result.Fills:N0}"),
                Text($"{result.Evictions:N0}"));
        }

        table.WriteTo(output);
        if (curves[0].Count > 1)
        {
            output.WriteLine();
            CurvePlot.Print(terminal, curves);
        }

        output.WriteLine();
        output.WriteLine(advice);
    }

    /// <summary>The same in JSON.</summary>
    internal static object ToJson(
        TraceLog log, IReadOnlyList<IReadOnlyList<ReplayResult>> curves, string advice) => new
    {
        trace = TraceReport.ToJson(log),
        warnings = TraceReport.Warnings(log),
        results = curves.SelectMany(static curve => curve).Select(static result => new
        {
            policy = result.Policy,
            budgetBytes = result.BudgetBytes,
            accesses = result.Accesses,
            faults = result.Faults,
            fills = result.Fills,
            evictions = result.Evictions,
            hitRatio = result.HitRatio,
            fillRatio = result.FillRatio,
        }),
        advice,
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
