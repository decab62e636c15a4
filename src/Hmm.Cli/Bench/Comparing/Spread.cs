// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Bench.Comparing;

/// <summary>The least, the middle and the largest of some numbers.</summary>
internal readonly record struct Spread(double Min, double Median, double Max)
{
    internal static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(sorted[0], median, sorted[^1]);
    }
}
