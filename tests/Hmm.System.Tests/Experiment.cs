// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.System.Tests.Support;
namespace Hmm.System.Tests;
internal static class Experiment
{
    internal static int Run(string[] a)
    {
        // hammer budget device setKiB page seconds mutant cpu writers
        using var daemon = new Daemon(a[7] == "-" ? [] : ["taskset", "-c", a[7]], a[1], [a[2]], ("HMM_TEST_MUTANT", a[6]));
        using var host = daemon.Connect();
        var page = int.Parse(a[4], null);
        using var array = host.Allocate<ulong>(long.Parse(a[3], null) * 1024 / 8, new HmmRangeOptions { PageSizeBytes = page, Advice = Hmm.Uapi.Advice.Random });
        var hammer = new Hammer([array], page, int.Parse(a[8], null), 7);
        var clock = global::System.Diagnostics.Stopwatch.StartNew();
        var loss = hammer.Run(TimeSpan.FromSeconds(int.Parse(a[5], null)));
        var c = array.Statistics;
        Console.WriteLine($"{clock.Elapsed.TotalSeconds:0.0} s {loss ?? "nothing"}; {hammer.Operations} ops, {c.Faults} f {c.WriteProtectFaults} wp {c.EvictedPages} ev");
        return 0;
    }
}
