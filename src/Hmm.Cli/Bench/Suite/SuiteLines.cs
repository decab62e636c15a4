// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Running;
using Hmm.Cli.Bench.Spaces;

namespace Hmm.Cli.Bench.Suite;

/// <summary>The targets, as lines to run.</summary>
internal static class SuiteLines
{
    // Lines on devices write all of their range first, on both sides: half of the size keeps the suite short. A quarter
    // is too little for zswap, whose memory group the kernel then ends.
    private const int DeviceShare = 2;

    internal static IEnumerable<SuiteLine> Of(BenchPlan plan)
    {
        var file = plan with { Devices = [] };
        var full = Full(file);
        foreach (var threads in new[] { 1, 2 })
        {
            var name = threads == 1 ? "" : ", 2 threads";
            yield return new SuiteLine(
                "seqread, cold, file" + name,
                file with { Pattern = AccessPattern.SeqRead, Threads = threads },
                (BenchTarget.Mmap, 1.0),
                (BenchTarget.MmapSequential, 1.0));
            yield return new SuiteLine(
                "randread, file" + name,
                full with { Pattern = AccessPattern.RandRead, Threads = threads },
                (BenchTarget.MmapRandom, 0.9),
                (BenchTarget.MemoryMappedFile, 3.0));
        }

        yield return new SuiteLine(
            "seqwrite, file", file with { Pattern = AccessPattern.SeqWrite }, (BenchTarget.Mmap, 1.0));
        yield return new SuiteLine(
            "randwrite, file", full with { Pattern = AccessPattern.RandWrite }, (BenchTarget.MmapRandom, 1.2));

        // As many accesses before as there are pages, on both sides: by then each has found what is hot.
        var warm = file with { WarmOps = plan.Pages };
        yield return new SuiteLine(
            "zipf 0.99, file", warm with { Pattern = AccessPattern.Zipf }, (BenchTarget.MmapRandom, 1.3));
        yield return new SuiteLine(
            "hot 90/10, file", warm with { Pattern = AccessPattern.Hot }, (BenchTarget.MmapRandom, 1.3));
        yield return new SuiteLine(
            "sort in place, file",
            file with
            {
                Pattern = AccessPattern.Sort, SizeBytes = plan.SizeBytes / 2, BudgetBytes = plan.BudgetBytes / 2,
            },
            (BenchTarget.Mmap, 1.5));
        foreach (var line in OnDevices(plan))
        {
            yield return line;
        }
    }

    /// <summary>
    /// The same with DRAM full from the start, on every side, so that for each page that comes one leaves: half as many
    /// random accesses before as there are pages reach two pages in five, and the budget is for one in four.
    /// </summary>
    internal static BenchPlan Full(BenchPlan plan) => plan with { WarmOps = plan.Pages / 2 };

    private static IEnumerable<SuiteLine> OnDevices(BenchPlan plan)
    {
        var size = plan.SizeBytes / DeviceShare;
        var small = plan with { SizeBytes = size, BudgetBytes = plan.BudgetBytes / DeviceShare };
        var compressed = small with { Devices = [$"compressed,size={size},memory={size}"] };
        var block = small with { Devices = [$"block,folder={plan.DeviceFolder},size={size * 2}"] };
        (AccessPattern Pattern, double Compressed, double Block)[] works =
        [
            (AccessPattern.SeqRead, 3, 3), (AccessPattern.SeqWrite, 3, 3),
            (AccessPattern.RandRead, 0.7, 1), (AccessPattern.RandWrite, 0.7, 1),
        ];
        foreach (var work in works)
        {
            var name = work.Pattern.Name();
            yield return new SuiteLine(
                name + ", compressed",
                compressed with { Pattern = work.Pattern },
                (BenchTarget.Zswap, work.Compressed),
                (BenchTarget.Zram, work.Compressed));
            yield return new SuiteLine(
                name + ", block", block with { Pattern = work.Pattern }, (BenchTarget.Swap, work.Block));
        }
    }
}
