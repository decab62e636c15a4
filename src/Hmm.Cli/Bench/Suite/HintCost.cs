// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Cli.Bench.Comparing;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Running;

namespace Hmm.Cli.Bench.Suite;

/// <summary>
/// What a hint costs who gives it, against the microsecond that it may: of pages that are in DRAM, so that it is the
/// hint that is measured and not what the disk does beside it.
/// </summary>
internal static class HintCost
{
    private const double MostNs = 1000;
    private const int WordsPerPage = 512;
    private const int Pages = 4096;
    private const int Calls = 1024; // an eighth of what the ring holds: none is dropped
    private const int Turns = 60;

    // By then the runtime has compiled the code for the last time.
    private const int CompiledTurns = 40;
    private static readonly TimeSpan Asleep = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    internal static IEnumerable<SuiteRow> Run(BenchPlan plan)
    {
        using var host = HmmHost.Start(new HmmHostOptions
        {
            BudgetBytes = 128L << 20, DeviceFolder = plan.DeviceFolder, ApplicationName = "hmm bench",
        });
        using var array = host.Allocate<ulong>(Pages * WordsPerPage);
        array.Populate(0, array.Length, write: true);
        var indexes = new long[Calls];
        var state = 1UL;
        foreach (ref var index in indexes.AsSpan())
        {
            index = Draw.Below(Draw.Next(ref state), Pages) * WordsPerPage;
        }

        yield return Measure(
            "hint, Prefetch of a range, a call", host, Calls,
            () => Array.ForEach(indexes, index => array.Prefetch(index, WordsPerPage)));
        yield return Measure(
            "hint, WillWrite of a range, a call", host, Calls,
            () => Array.ForEach(indexes, index => array.WillWrite(index, WordsPerPage)));
        yield return Measure(
            "hint, Prefetch of a list, an index", host, Calls, () => array.Prefetch(indexes));
        yield return Measure(
            "hint, Prefetch of a range, a call that wakes the host", host, 1,
            () => array.Prefetch(indexes[0], WordsPerPage));
    }

    private static SuiteRow Measure(string work, HmmHost host, int calls, Action give)
    {
        var times = new List<(double Ours, double Most)>();
        for (var turn = 0; turn < Turns; turn++)
        {
            WaitUntilTaken(host);
            var begun = Stopwatch.GetTimestamp();
            give();
            times.Add((Stopwatch.GetElapsedTime(begun).TotalNanoseconds / calls, MostNs));
        }

        times.RemoveRange(0, CompiledTurns);
        return SuiteRow.Of(work, "1 us", "ns", target: 1, times, static (ours, most) => most / ours);
    }

    /// <summary>Waits until the host has taken all hints, and then a while, so that it sleeps.</summary>
    private static void WaitUntilTaken(HmmHost host)
    {
        var begun = Stopwatch.GetTimestamp();
        var (taken, since) = (host.Statistics.Hints, begun);
        while (Stopwatch.GetElapsedTime(since) < Asleep)
        {
            var now = host.Statistics.Hints;
            (taken, since) = now == taken ? (taken, since) : (now, Stopwatch.GetTimestamp());
            if (Stopwatch.GetElapsedTime(begun) > Limit)
            {
                throw new CommandException(
                    ExitCode.Failed, $"the host is not done with a few hints within {Limit.TotalSeconds} s");
            }
        }
    }
}
