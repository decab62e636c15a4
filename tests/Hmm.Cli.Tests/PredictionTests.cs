// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Text.Json;
using Hmm.Cli.Tests.Support;

namespace Hmm.Cli.Tests;

/// <summary>
/// What a replay says about another budget against what a run within that budget does: real processes, real faults, the
/// same accesses. Within 3 percentage points of all accesses, for faults and for pages that come in.
/// </summary>
public sealed class PredictionTests
{
    private const double PointsMax = 3;

    // The hot set of the pattern scan follows from the budget, so a full trace, which does not go by it, is made there.
    [UserfaultFdFact]
    public void AFullTraceTellsHowOtherBudgetsDo()
    {
        foreach (var pattern in new[] { "zipf", "hot", "randread", "seqread" })
        {
            Compare(pattern, 8, ["--trace-full"], 4, 8, 16, 24);
        }

        Compare("scan", 8, ["--trace-full"], 8);
    }

    [UserfaultFdFact]
    public void ATraceOfFaultsTellsHowItsOwnAndLargerBudgetsDo()
    {
        foreach (var pattern in new[] { "zipf", "hot", "randread", "seqread" })
        {
            Compare(pattern, 8, [], 8, 16, 24);
        }

        Compare("scan", 8, [], 8);
    }

    private static void Compare(string pattern, int recordedMiB, string[] how, params int[] budgetsMiB)
    {
        using var folder = new TemporaryFolder();
        var trace = Path.Combine(folder.Path, "trace");
        Bench(folder, pattern, recordedMiB, ["--trace", trace, .. how]);
        var list = string.Join(",", budgetsMiB.Select(static budget => $"{budget}MiB"));
        var results = HmmProcess.Run("replay", trace, "--budget", list, "--json").Ended(ExitCode.Ok).Json
            .GetProperty("results").EnumerateArray().ToList();
        for (var i = 0; i < budgetsMiB.Length; i++)
        {
            var real = Bench(folder, pattern, budgetsMiB[i], []);
            var ops = real.GetProperty("ops").GetDouble();
            var fills = real.GetProperty("filled_pages").GetDouble();
            var faults = fills - real.GetProperty("prefetched_pages").GetDouble();
            Close(results[i].GetProperty("faults").GetDouble() / ops, faults / ops, "faults");
            Close(results[i].GetProperty("fills").GetDouble() / ops, fills / ops, "fills");

            void Close(double said, double was, string what) => Assert.True(
                Math.Abs(said - was) * 100 <= PointsMax,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{pattern} within {budgetsMiB[i]} MiB: {what} were said to be {said:P2} and were {was:P2}"));
        }
    }

    private static JsonElement Bench(TemporaryFolder folder, string pattern, int budgetMiB, string[] more) =>
        HmmProcess.Run(
        [
            "bench", "--pattern", pattern, "--size", "32MiB", "--budget", $"{budgetMiB}MiB", "--ops", "24000",
            "--seconds", "1000", "--warm-seconds", "0", "--device-folder", folder.Path,
            "--file", Path.Combine(folder.Path, "data"), .. more,
        ]).Ended(ExitCode.Ok).Json;
}
