// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Cli.Bench.Comparing;
using Hmm.Cli.Bench.Patterns;
using Hmm.Uapi;

namespace Hmm.Cli.Bench.Suite;

/// <summary>
/// How long collections stop an application while a thread of it waits for pages of a very slow device, in bulk calls:
/// 0 to 100 ms a page, 50 on average. Collections come from allocating, as in any application.
/// </summary>
internal static class GcPauseRun
{
    private const string Work = "GC pause during 50 ms faults, bulk calls, p99";
    private const double MostMs = 5;
    private const int PageBytes = PageWriter.PageBytes;
    private const int Pages = 8192;
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(10);

    internal static SuiteRow Run()
    {
        try
        {
            return Measure();
        }
        catch (HmmException exception) when (exception.Errno is Errno.ENOENT or Errno.ENODEV or Errno.EINVAL)
        {
            return SuiteRow.NotMeasured(Work, "", MostMs, exception.Message, isLimit: true);
        }
    }

    private static SuiteRow Measure()
    {
        var options = new HmmHostOptions { BudgetBytes = 8 << 20, ApplicationName = "hmm bench" };
        options.Devices.Add(
            "flaky,over=memory,with=size=64MiB,read_errors=0,write_errors=0,refuse=0,delay_us=100000");
        using var host = HmmHost.Start(options);
        using var array = host.Allocate<byte>((long)Pages * PageBytes);
        array.Fill(0, array.Length, 7);

        using var stop = new CancellationTokenSource();
        var faultsMs = new List<double>();
        var reader = new Thread(() => Read(array, faultsMs, stop.Token)) { Name = "hmm-bench-reader" };
        reader.Start();
        var pausesMs = Collect();
        stop.Cancel();
        reader.Join();

        pausesMs.Sort();
        var p99 = pausesMs[pausesMs.Count * 99 / 100];
        return new SuiteRow(
            $"{Work} (of {pausesMs.Count})",
            "faults, p50",
            p99,
            Spread.Of(faultsMs).Median,
            "ms",
            new Spread(pausesMs[0], p99, pausesMs[^1]),
            MostMs,
            IsLimit: true);
    }

    private static void Read(HmmArray<byte> array, List<double> faultsMs, CancellationToken stop)
    {
        var state = 1UL;
        var buffer = new byte[PageBytes];
        while (!stop.IsCancellationRequested)
        {
            var page = Draw.Below(Draw.Next(ref state), Pages);
            var begun = Stopwatch.GetTimestamp();
            array.Read(page * PageBytes, buffer);
            var elapsed = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
            if (elapsed > 1)
            {
                faultsMs.Add(elapsed);
            }
        }
    }

    /// <summary>Allocates until the time is up; the pause of each collection, in milliseconds.</summary>
    private static List<double> Collect()
    {
        var pausesMs = new List<double>();
        var begun = Stopwatch.GetTimestamp();
        var (collections, total) = (GC.CollectionCount(0), GC.GetTotalPauseDuration());
        while (Stopwatch.GetElapsedTime(begun) < Duration)
        {
            GC.KeepAlive(new byte[32 << 10]);
            var now = GC.CollectionCount(0);
            if (now != collections)
            {
                var paused = GC.GetTotalPauseDuration();
                pausesMs.Add((paused - total).TotalMilliseconds / (now - collections));
                (collections, total) = (now, paused);
            }
        }

        return pausesMs;
    }
}
