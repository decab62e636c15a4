// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Demo;

/// <summary>Whether all was right, and the sentence that says so.</summary>
/// <param name="Right">Whether it was.</param>
/// <param name="Sentence">What was checked, or everything that was wrong.</param>
internal readonly record struct DemoVerdict(bool Right, string Sentence)
{
    internal static DemoVerdict Of(
        DemoPlan plan, List<string> filesWrong, bool sorted, bool keysKept, ulong peakBytes)
    {
        var faults = new List<string>();
        if (filesWrong.Count > 0)
        {
            faults.Add($"{filesWrong.Count} of {plan.Data.Files.Count} files read back differently, "
                + $"the first {filesWrong[0]}");
        }

        if (!sorted)
        {
            faults.Add("the keys are not in order after the sort");
        }

        if (!keysKept)
        {
            faults.Add("keys were lost or changed by the sort");
        }

        if (peakBytes > plan.BudgetBytes + DemoPlan.OvershootBytesMax)
        {
            faults.Add($"resident DRAM reached {ByteSize.Format(peakBytes)}, more than the budget of "
                + $"{ByteSize.Format(plan.BudgetBytes)} and {ByteSize.Format(DemoPlan.OvershootBytesMax)} beyond it");
        }

        return faults.Count == 0
            ? new DemoVerdict(true, $"All was right: {plan.Data.Files.Count:N0} files read back byte for byte"
                + (plan.PmemFile is null ? ", " : " by another host after a checkpoint, ")
                + $"{plan.Data.PaddedBytes / sizeof(ulong):N0} keys sorted and accounted for, "
                + "and the DRAM budget was kept.")
            : new DemoVerdict(false, $"WRONG: {string.Join("; ", faults)}. Replay it with --seed {plan.Seed}.");
    }
}
