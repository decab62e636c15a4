// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Bench.Running;

/// <summary>What a phased pattern did.</summary>
/// <param name="Seconds">How long the measured part took.</param>
/// <param name="Reads">Rows, keys or pages read.</param>
/// <param name="Writes">Of these, written.</param>
/// <param name="Bad">How many were not as they must be.</param>
/// <param name="HitsBefore">The share of accesses to the hot set that did not fault, alone.</param>
/// <param name="HitsDuring">The same while a scan runs.</param>
internal sealed record PhaseOutcome(
    double Seconds, long Reads, long Writes, long Bad, double HitsBefore = 0, double HitsDuring = 0);
