// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.System.Tests.Support;

namespace Hmm.System.Tests;

/// <summary>
/// Two applications of one daemon: neither sees the other's bytes, and together they keep one
/// budget.
/// </summary>
public sealed class SharedDaemonTests
{
    private const int MiB = 1 << 20;

    [Theory]
    [InlineData("--device-deadline", "0ms", "100ms to 1h")]
    [InlineData("--device-deadline", "99ms", "100ms to 1h")]
    [InlineData("--device-deadline", "61min", "100ms to 1h")]
    [InlineData("--device-deadline", "soon", "100ms to 1h")]
    [InlineData("--device-deadline", "10", "100ms to 1h")]
    [InlineData("--spin", "2ms", "0us to 1ms")]
    [InlineData("--spin", "1001us", "0us to 1ms")]
    [InlineData("--spin", "soon", "0us to 1ms")]
    [InlineData("--spin", "10", "0us to 1ms")]
    public void RefusesATimeThatCannotBe(string option, string time, string allowed)
    {
        using var child = Child.Start(
            Runs.DotnetPath, [Runs.HostPath, "--socket", "/tmp/never", "--device", "memory,size=2MiB", option, time]);
        Assert.Equal(64, child.WaitForExit());
        Refused.IsSentence(child.Errors.Trim()["hmm-host: ".Length..], option, allowed, $"'{time}'");
    }

    [Fact]
    public void KeepsTwoApplicationsApartUnderOneBudget()
    {
        using var daemon = new Daemon("4MiB", "memory,size=64MiB");
        using var first = daemon.Connect();
        using var second = daemon.Connect();
        using var mine = first.Allocate<ulong>(12 * MiB / sizeof(ulong));
        using var yours = second.Allocate<ulong>(12 * MiB / sizeof(ulong));
        using var stop = new CancellationTokenSource();
        var peak = 0L;
        var sampler = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                peak = Math.Max(peak, mine.ResidentBytes + yours.ResidentBytes);
                Thread.Sleep(10); // Waits: the rate of sampling is what is asked for
            }
        });
        sampler.Start();
        var work = new[] { (mine, 1), (yours, 2) }
            .Select(static pair => Task.Factory.StartNew(
                () =>
                {
                    for (var round = 0; round < 3; round++)
                    {
                        Hosts.WriteAndCheck(pair.Item1, (pair.Item2 * 8) + round);
                    }
                },
                TaskCreationOptions.LongRunning))
            .ToArray();
        var finished = Task.WaitAll(work, TimeSpan.FromMinutes(3));
        stop.Cancel();
        sampler.Join();
        Assert.True(finished, "both applications finish");
        Hosts.Check(mine, 0, mine.Length, 8 + 2);
        Hosts.Check(yours, 0, yours.Length, 16 + 2);
        Assert.InRange(peak, 1, first.BudgetBytes + (4 * MiB));
        Assert.True(mine.Statistics.EvictedPages > 0
            && yours.Statistics.EvictedPages > 0, "both lent room to each other");
    }

    [Fact]
    public void CountsEachSessionByItself()
    {
        using var daemon = new Daemon("4MiB", "memory,size=64MiB");
        using var first = daemon.Connect();
        using var second = daemon.Connect();
        using var mine = first.Allocate<ulong>(MiB);
        Hosts.Write(mine, 0, mine.Length);
        Assert.Equal(0UL, second.Statistics.Faults);
        Assert.Equal(0UL, second.Statistics.Ranges);
        Assert.True(first.Statistics.FilledPages >= 2048, $"{first.Statistics.FilledPages} pages came in");
        Assert.Equal(first.Statistics.FilledPages, second.HostStatistics.FilledPages);
    }
}
