// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Cli.Bench.Running;
using Hmm.Cli.Bench.Spaces;
using Hmm.Cli.Output;

namespace Hmm.Cli.Bench.Comparing;

/// <summary>How a comparison is printed.</summary>
internal static class ComparisonReport
{
    internal static void PrintRun(TextWriter output, BenchResult result) => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{result.Op,-10} {result.Backend,-20} {result.OpsS,12:N0} ops/s {result.MegabytesS,9:N1} MB/s  "
            + $"p50 {result.P50Us:F2} us  p99 {result.P99Us:F1} us  bad {result.Bad}"));

    internal static void Print(TextWriter output, Comparison comparison)
    {
        var table = new TextTable("system", "ops/s", "MB/s", "p50 us", "p99 us", "group MiB", "ratio", "min", "max")
            .Right(1, 2, 3, 4, 5, 6, 7, 8);
        for (var side = 0; side <= comparison.Peers.Count; side++)
        {
            var name = side == 0 ? BenchTarget.Hmm.Name() : comparison.Peers[side - 1].Name();
            Spread? ratio = side == 0 ? null : comparison.Ratio(side - 1, result => result.OpsS);
            table.Add(
                name,
                Number(comparison.Of(side, result => result.OpsS).Median, 0),
                Number(comparison.Of(side, result => result.MegabytesS).Median, 1),
                Number(comparison.Of(side, result => result.P50Us).Median, 2),
                Number(comparison.Of(side, result => result.P99Us).Median, 1),
                Number(comparison.Of(side, result => result.CgMax / 1048576.0).Median, 0),
                ratio is null ? "" : Number(ratio.Value.Median, 2),
                ratio is null ? "" : Number(ratio.Value.Min, 2),
                ratio is null ? "" : Number(ratio.Value.Max, 2));
        }

        table.WriteTo(output);
        output.WriteLine(
            "ratio: hmm's ops/s over the system's in the same round (median, least, largest); above 1 hmm is faster");
    }

    internal static object ToJson(Comparison comparison) => new
    {
        right = comparison.Right,
        runs = comparison.Rounds.SelectMany(round => round).Select(result => result.ToNode()),
        ratios = comparison.Peers.Select((peer, index) => new
        {
            against = peer.Name(),
            ops_s = Of(comparison.Ratio(index, result => result.OpsS)),
            p50_us = Of(comparison.Ratio(index, result => result.P50Us)),
        }),
    };

    private static object Of(Spread spread) => new { min = spread.Min, median = spread.Median, max = spread.Max };

    private static string Number(double value, int decimals) =>
        value.ToString("N" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
