// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Conformance;

/// <summary>A check and how it ended.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Contract">What it checks: one clause of the contract.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="ElapsedMs">How long it took.</param>
/// <param name="Detail">How the contract was broken, or what was counted.</param>
internal sealed record CheckResult(
    string Name, string Contract, CheckOutcome Outcome, long ElapsedMs, string Detail);
