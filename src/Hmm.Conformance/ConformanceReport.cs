// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance;

/// <summary>What a driver was and was not found to do.</summary>
/// <param name="Driver">The driver's name, or empty where it could not be loaded.</param>
/// <param name="Module">The module's name, or the file's.</param>
/// <param name="Seed">Runs the same again.</param>
/// <param name="Checks">Every check.</param>
internal sealed record ConformanceReport(string Driver, string Module, int Seed, IReadOnlyList<CheckResult> Checks)
{
    /// <summary>Whether it kept the whole contract.</summary>
    public bool Passed => Checks.All(static check => check.Outcome == CheckOutcome.Passed);
}
