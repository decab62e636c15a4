// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Replay;

/// <summary>What one policy within one budget comes to.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="BudgetBytes">The budget.</param>
/// <param name="Accesses">Of how many: what the application counted, else the touches that the trace saw.</param>
/// <param name="Faults">How many of them wait for their page.</param>
/// <param name="Fills">How many pages come into DRAM, those that are brought ahead included.</param>
/// <param name="Evictions">How many pages leave.</param>
internal sealed record ReplayResult(
    string Policy, long BudgetBytes, long Accesses, long Faults, long Fills, long Evictions)
{
    /// <summary>The share of accesses that find their page in DRAM.</summary>
    internal double HitRatio => Accesses == 0 ? 0 : 1 - ((double)Faults / Accesses);

    /// <summary>Pages that come into DRAM for each access.</summary>
    internal double FillRatio => Accesses == 0 ? 0 : (double)Fills / Accesses;
}
