// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Uapi;

namespace Hmm.Cli.Replay;

/// <summary>Which budgets are tried, and which of them is enough.</summary>
internal static class Curve
{
    private const long MiB = 1 << 20;

    // Of what is used: a host keeps an eighth free, so all of it fits from 8/7 on.
    private static readonly double[] s_shares = [1 / 16.0, 1 / 8.0, 3 / 16.0, 1 / 4.0, 3 / 8.0, 1 / 2.0, 5 / 8.0,
        3 / 4.0, 7 / 8.0, 1, 5 / 4.0];

    /// <summary>Budgets from a sixteenth of what a trace uses to more than all of it, in whole MiB.</summary>
    internal static IReadOnlyList<long> BudgetsOf(TraceLog log) =>
    [
        .. s_shares.Select(share => Math.Max(
            (long)Limits.BudgetBytesMin, (long)Math.Ceiling(log.BytesUsed * share / MiB) * MiB)).Distinct(),
    ];

    /// <summary>The smallest budget of one policy whose hit ratio is enough.</summary>
    /// <param name="results">Of one policy.</param>
    /// <param name="wanted">The hit ratio that is wanted; null: nearly the best of all budgets.</param>
    /// <param name="within">How near to the best, in percentage points.</param>
    internal static string Advice(IReadOnlyList<ReplayResult> results, double? wanted, double within)
    {
        var best = results.MaxBy(static result => result.HitRatio)!;
        var least = wanted ?? Math.Max(0, best.HitRatio - (within / 100));
        var enough = results.Where(result => result.HitRatio >= least).MinBy(static result => result.BudgetBytes);
        var goal = wanted is null
            ? Text($"within {within:0.#} points of the best, {best.HitRatio * 100:F1} %")
            : Text($"with at least {wanted * 100:0.#} % hits");
        return enough is null
            ? Text($"None of these budgets reaches {wanted * 100:0.#} % hits with {best.Policy}: the best, ")
                + Text($"{ByteSize.Format(best.BudgetBytes)}, has {best.HitRatio * 100:F1} %.")
            : $"{ByteSize.Format(enough.BudgetBytes)} of DRAM are enough with {enough.Policy}: the smallest of these "
                + Text($"budgets {goal}; it has {enough.HitRatio * 100:F1} %.");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
