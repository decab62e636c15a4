// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.Json;
using Hmm.Cli.Bench.Running;
using Hmm.Linux;

namespace Hmm.Cli.Bench.Spaces;

/// <summary>What follows from a target alone, and how each is opened.</summary>
internal static class TargetFacts
{
    /// <summary>How each is written: <c>memory-mapped-file</c>.</summary>
    internal static string Name(this BenchTarget target) =>
        JsonNamingPolicy.KebabCaseLower.ConvertName(target.ToString());

    internal static bool TryParse(string name, out BenchTarget target)
    {
        foreach (var candidate in Enum.GetValues<BenchTarget>())
        {
            if (candidate.Name() == name)
            {
                target = candidate;
                return true;
            }
        }

        target = default;
        return false;
    }

    /// <summary>All names, for a sentence.</summary>
    internal static string AllNames() => string.Join(", ", Enum.GetValues<BenchTarget>().Select(Name));

    /// <summary>The names of those that ours can be compared with.</summary>
    internal static string PeerNames() => string.Join(
        ", ", Enum.GetValues<BenchTarget>().Where(target => target != BenchTarget.Hmm).Select(Name));

    internal static bool IsAnonymous(this BenchTarget target) =>
        target is BenchTarget.Anon or BenchTarget.Swap or BenchTarget.Zswap or BenchTarget.Zram;

    internal static IBenchSpace Open(this BenchTarget target, BenchPlan plan) => target switch
    {
        BenchTarget.Hmm => RangeSpace.Open(plan),
        BenchTarget.Mmap => KernelSpace.OfFile(plan, MappingAdvice.None),
        BenchTarget.MmapRandom => KernelSpace.OfFile(plan, MappingAdvice.Random),
        BenchTarget.MmapSequential => KernelSpace.OfFile(plan, MappingAdvice.Sequential),
        BenchTarget.MemoryMappedFile => new FileViewSpace(plan),
        _ => KernelSpace.Anonymous(plan),
    };
}
