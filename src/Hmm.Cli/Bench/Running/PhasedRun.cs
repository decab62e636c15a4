// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Demo;

namespace Hmm.Cli.Bench.Running;

/// <summary>
/// The patterns that do a fixed amount of work on one thread, and are measured as a whole. Each proves its result.
/// </summary>
internal static class PhasedRun
{
    internal static PhaseOutcome Run(BenchPlan plan, nint address, LatencyHistogram latencies) => plan.Pattern switch
    {
        AccessPattern.Sort => Sort(plan, address),
        AccessPattern.Join => new JoinRun(plan, address, latencies).Run(),
        _ => new ScanRun(plan, address, latencies).Run(),
    };

    private static PhaseOutcome Sort(BenchPlan plan, nint address)
    {
        // What must come out is known from how the keys were made, not from reading them.
        var before = default(KeyDigest);
        var words = new ulong[PageWriter.PageWords];
        for (var page = 0L; page < plan.Pages; page++)
        {
            PageWriter.Fill(PageContent.Keys, page, plan.Pages, words);
            before = before.Add(words);
        }

        var keys = new PointerKeys(address, plan.Pages * PageWriter.PageWords);
        var pieceKeys = (int)Math.Min(plan.BudgetBytes / 2, 1L << 30) / sizeof(ulong);
        var sort = new PagedSort<PointerKeys>(keys, pieceKeys, new Random((int)plan.Seed), _ => { });
        var begun = Stopwatch.GetTimestamp();
        sort.Sort();
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;

        var after = default(KeyDigest);
        var last = 0UL;
        var bad = 0L;
        for (var page = 0L; page < plan.Pages; page++)
        {
            var window = keys.Window(page * PageWriter.PageWords, PageWriter.PageWords);
            after = after.Add(window);
            foreach (var key in window)
            {
                bad += key < last ? 1 : 0;
                last = key;
            }
        }

        return new PhaseOutcome(seconds, keys.Count, keys.Count, bad + (after == before ? 0 : 1));
    }
}
