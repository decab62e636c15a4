// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Bench.Comparing;

namespace Hmm.Cli.Bench.Suite;

/// <summary>One line of the table of targets.</summary>
/// <param name="Work">What was done.</param>
/// <param name="Against">Whom it is compared with.</param>
/// <param name="Ours">Our number, the median.</param>
/// <param name="Theirs">Theirs.</param>
/// <param name="Unit">Of both.</param>
/// <param name="Value">What is compared with the target: mostly the ratio, larger being better for us.</param>
/// <param name="Target">What it should be at least, or at most where <paramref name="IsLimit"/>.</param>
/// <param name="IsLimit">Whether the target is the most that it may be.</param>
internal sealed record SuiteRow(
    string Work, string Against, double Ours, double Theirs, string Unit, Spread Value, double Target, bool IsLimit)
{
    /// <summary>Why there are no numbers; empty when there are.</summary>
    internal string Missing { get; init; } = "";

    internal bool Reached => Missing.Length == 0 && (IsLimit ? Value.Median <= Target : Value.Median >= Target);

    /// <summary>A line that is to be at least so much, from its rounds.</summary>
    internal static SuiteRow Of(
        string work,
        string against,
        string unit,
        double target,
        IReadOnlyCollection<(double Ours, double Theirs)> rounds,
        Func<double, double, double> ratio) =>
        new(
            work,
            against,
            Spread.Of(rounds.Select(static round => round.Ours)).Median,
            Spread.Of(rounds.Select(static round => round.Theirs)).Median,
            unit,
            Spread.Of(rounds.Select(round => ratio(round.Ours, round.Theirs))),
            target,
            IsLimit: false);

    internal static SuiteRow NotMeasured(
        string work, string against, double target, string reason, bool isLimit = false) =>
        new(work, against, 0, 0, "", default, target, isLimit) { Missing = reason };
}
