// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Conformance;

namespace Hmm.Cli.Reports;

/// <summary><c>hmm conformance</c>: a line for each check, as it ends.</summary>
internal static class ConformanceText
{
    private static readonly int s_nameWidth =
        ConformanceSuite.Checks.Max(static check => check.Name.Length); // immutable

    internal static void Print(TextWriter output, CheckResult result)
    {
        var word = Words.Of(result.Outcome);
        output.WriteLine($"{word,-7}  {result.Name.PadRight(s_nameWidth)}  {result.ElapsedMs,7} ms  {result.Detail}");
        if (result.Outcome == CheckOutcome.Failed)
        {
            output.WriteLine($"{"",-7}  the contract: {result.Contract}");
        }
    }

    internal static void PrintVerdict(TextWriter output, ConformanceReport report)
    {
        var failed = report.Checks.Count(static check => check.Outcome == CheckOutcome.Failed);
        var name = report.Driver.Length > 0 ? $"driver {report.Driver}" : $"module {report.Module}";
        output.WriteLine();
        output.WriteLine(failed == 0
            ? $"The {name} keeps its contract: {report.Checks.Count} checks passed."
            : $"The {name} breaks its contract: {failed} of {report.Checks.Count} checks failed (seed {report.Seed}).");
    }
}
