// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.System.Tests.Support;
using Hmm.Uapi;

namespace Hmm.System.Tests;

/// <summary>Devices that stall past their deadline, under real faults: an error in time, and nothing lost.</summary>
public sealed class StalledDeviceTests
{
    private const int MiB = 1 << 20;
    private const int PageWords = 512;

    [Fact]
    public void WhoeverWaitsIsToldInTimeAndTheDeviceIsMarkedUntilItAnswers()
    {
        using var daemon = Daemon.WithDeadline("500ms", "4MiB", Flaky("slow", "read_stalls=1000,stall_ms=5000"));
        using var host = daemon.Connect();
        using var array = host.Allocate<ulong>(16 * MiB / sizeof(ulong));
        WriteByPages(array);
        var away = FirstOnDevice(array);
        var clock = Stopwatch.StartNew();
        Refused.With(
            Errno.EHWPOISON, () => array.Populate(away, 1), "lost", "could not return it", "check the device");
        Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(4));
        Assert.Equal(LifetimeState.Failing, Assert.Single(host.Devices()).State);

        Hosts.Eventually(
            () => daemon.Errors.Contains("under way for more than 0.5 s", StringComparison.Ordinal), "people are told");
        Assert.Contains("device 'slow'", daemon.Errors, StringComparison.Ordinal);
        Hosts.Eventually(() => host.Devices()[0].State == LifetimeState.Live, "the device answers again");
        Hosts.Eventually(
            () => daemon.Errors.Contains("answers again", StringComparison.Ordinal), "people are told of that, too");

        // What was lost is usable once it is dropped, and what is in DRAM never was.
        array.DontNeed(away, PageWords);
        Assert.Equal(0UL, array[away]);
        array[away] = 7;
        Assert.Equal(7UL, array[away]);
    }

    [Fact]
    public void PagesGoElsewhereWhenADeviceTakesNone()
    {
        using var daemon = Daemon.WithDeadline(
            "300ms", "2MiB", Flaky("slow", "write_stalls=300,stall_ms=2000"), "memory,size=64MiB,name=second");
        using var host = daemon.Connect();
        using var array = host.Allocate<ulong>(16 * MiB / sizeof(ulong));
        Hosts.WriteAndCheck(array);
        Hosts.WriteAndCheck(array, round: 1);
        Assert.Contains("until it answers nothing is written to it", daemon.Errors, StringComparison.Ordinal);
        Assert.True(host.Devices()[1].UsedBytes > 0, "the next device took over");
        Hosts.Eventually(() => host.Devices()[0].State == LifetimeState.Live, "late copies end");
        Hosts.Check(array, 0, array.Length, round: 1);
    }

    [Fact]
    public void ARangeThatWaitsLosesNothing()
    {
        using var daemon = Daemon.WithDeadline(
            "200ms", "2MiB", Flaky("slow", "read_stalls=10,write_stalls=10,stall_ms=500,read_errors=100"));
        using var host = daemon.Connect();
        using var array = host.Allocate<ulong>(
            4 * MiB / sizeof(ulong), new HmmRangeOptions { ErrorPolicy = ErrorPolicy.Wait });
        Hosts.WriteAndCheck(array);
        Hosts.WriteAndCheck(array, round: 1);
        Assert.Contains("under way for more than 0.2 s", daemon.Errors, StringComparison.Ordinal);
        Assert.True(array.Statistics.DeviceErrors > 0, "reads failed, and were repeated");
        Assert.Equal(0UL, array.Statistics.PoisonedPages);
    }

    [Fact]
    public void AHostEndsWithoutADeviceThatDoesNotAnswer()
    {
        var clock = new Stopwatch();
        var options = new HmmHostOptions { BudgetBytes = 4 * MiB, DeviceDeadline = TimeSpan.FromMilliseconds(300) };
        options.Devices.Add(Flaky("slow", "read_stalls=1000,stall_ms=600000"));
        using (var host = HmmHost.Start(options))
        {
            using var array = host.Allocate<ulong>(16 * MiB / sizeof(ulong));
            WriteByPages(array);
            Assert.Throws<HmmException>(() => array.Populate(FirstOnDevice(array), 1));
            clock.Start();
        }

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"the host took {clock.Elapsed} to end");
    }

    private static string Flaky(string name, string more) =>
        $"flaky,name={name},over=memory,with=size=64MiB,refuse=0,delay_us=0,write_errors=0,"
            + (more.Contains("read_errors", StringComparison.Ordinal) ? more : "read_errors=0," + more);

    // A page leaves long after it was written, so nothing has to come back for this.
    private static void WriteByPages(HmmArray<ulong> array)
    {
        for (var at = 0L; at < array.Length; at += PageWords)
        {
            array.Write(at, Pattern.Words(at, PageWords));
        }
    }

    private static long FirstOnDevice(HmmArray<ulong> array)
    {
        for (var at = 0L; at < array.Length; at += PageWords)
        {
            if (array.Describe(at).State == PageStateCode.OnDevice)
            {
                return at;
            }
        }

        Assert.Fail("no page is away");
        return -1;
    }
}
