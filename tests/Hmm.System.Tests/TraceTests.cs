// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Host.Tracing;
using Hmm.System.Tests.Support;
using Hmm.Uapi;

namespace Hmm.System.Tests;

/// <summary>Recording what happens to pages, on the real kernel.</summary>
public sealed class TraceTests
{
    private const int MiB = Hosts.MiB;

    [Fact]
    public void ATraceHoldsWhatTheCountersCount()
    {
        using var folder = new TemporaryFolder();
        using var host = Hosts.Start(2);
        using var before = host.Allocate<ulong>(MiB / sizeof(ulong), new HmmRangeOptions { Name = "before" });
        Hosts.Write(before, 0, before.Length);
        HmmTraceCounts counts;
        Statistics start;
        Statistics end;
        using (var trace = host.StartTrace(folder.File("t")))
        {
            start = host.Statistics;
            using (var array = host.Allocate<ulong>(8 * MiB / sizeof(ulong), new HmmRangeOptions { Name = "big" }))
            {
                Hosts.WriteAndCheck(array);
                trace.Mark();
                array.Prefetch(0, 100);
                array.Advise(Advice.Random);
                Hosts.Check(array, 0, array.Length);
                end = host.Statistics;
            }

            counts = trace.Stop(accesses: 4321);
        }

        var read = new TraceFile(folder.File("t"));
        Assert.Equal(["before", "big"], read.Ranges);
        Assert.Equal((ulong)counts.Records, read.Records);
        Assert.Equal(new FileInfo(folder.File("t")).Length, counts.FileBytes);
        Assert.Equal((0UL, 4321UL), (read.Dropped, read.End!.Value.Accesses));
        Assert.Equal((TraceMode.Faults, 2UL * MiB), (read.Header.Mode, read.Header.BudgetBytes));
        Assert.Equal((long)(end.Faults - start.Faults), read.PagesOf(TraceKind.Fault));
        Assert.Equal((long)(end.WriteProtectFaults - start.WriteProtectFaults), read.PagesOf(TraceKind.FirstWrite));
        Assert.Equal((long)(end.FilledPages - start.FilledPages), read.PagesOf(TraceKind.Filled));

        // Reclaim goes on for a moment after the counters were read.
        Assert.InRange(
            read.PagesOf(TraceKind.Evicted), (long)(end.EvictedPages - start.EvictedPages), long.MaxValue);
        Assert.Equal((1, 1), (read.PagesOf(TraceKind.Mark), read.PagesOf(TraceKind.Closed)));
        Assert.Equal(1, read.PagesOf(TraceKind.Hinted));
        Assert.InRange(read.PagesOf(TraceKind.Advised), 1, 2);
        Assert.InRange(read.PagesOf(TraceKind.Present), 1, 256);
        Assert.All(read.Threads, static thread => Assert.NotEqual(0U, thread));
    }

    [Fact]
    public void AFullTraceSeesEachUseAndEndsWithoutATrace()
    {
        const int Pages = 1024;
        using var folder = new TemporaryFolder();
        using var host = Hosts.Start(16);
        using var array = host.Allocate<ulong>(Pages * 512L);
        Hosts.Write(array, 0, array.Length);
        using (var trace = host.StartTrace(folder.File("t"), TraceMode.Full))
        {
            for (var round = 0; round < 3; round++)
            {
                // On a machine that is busy with other things reclaim may be late.
                Hosts.Eventually(() => array.ResidentBytes <= MiB / 2, "hardly anything stays in DRAM");
                Hosts.Check(array, 0, array.Length);
            }

            trace.Stop();
        }

        // All of it fits the budget: without the trace nothing would fault.
        var read = new TraceFile(folder.File("t"));
        Assert.Equal(TraceMode.Full, read.Header.Mode);
        Assert.InRange(read.Header.WindowBytes, 4096UL, (ulong)MiB);
        // (Bulk calls populate a row of pages before they read them; some of these have left by then, and fault again.)
        Assert.InRange(read.PagesOf(TraceKind.Fault), 3 * (Pages - 128), 7 * Pages);
        Hosts.Check(array, 0, array.Length);
        var faults = array.Statistics.Faults;
        Hosts.Check(array, 0, array.Length);
        Assert.Equal(faults, array.Statistics.Faults);
        Assert.Equal(Pages * 4096L, array.ResidentBytes);
    }

    [Fact]
    public void ThereIsOneTraceAtATimeAndItEndsWithItsSession()
    {
        using var folder = new TemporaryFolder();
        using var daemon = new Daemon("4MiB", "memory,size=64MiB");
        using var host = daemon.Connect();
        using var array = host.Allocate<ulong>(8 * MiB / sizeof(ulong));
        using (var other = daemon.Connect())
        {
            var trace = other.StartTrace(folder.File("a"));
            Refused.With(Errno.EBUSY, () => host.StartTrace(folder.File("b")), "already");
            Hosts.WriteAndCheck(array);
            trace.Mark();
        }

        // The session ends after its socket closed; only then may the next one record.
        Hosts.Eventually(() => new TraceFile(folder.File("a")).End is not null, "the trace ends with its session");
        Assert.InRange(new TraceFile(folder.File("a")).PagesOf(TraceKind.Filled), 2048, long.MaxValue);
        using var next = host.StartTrace(folder.File("b"));
        next.Stop();
        Refused.With(Errno.ENOENT, next.Mark, "no trace");
        Refused.With(Errno.ENOENT, () => next.Stop(), "no trace");
    }

    [Fact]
    public void AFileThatCannotBeRecordedIntoIsRefused()
    {
        using var folder = new TemporaryFolder();
        using var host = Hosts.Start();
        Refused.With(Errno.EISDIR, () => host.StartTrace(folder.Path), "folder");
        Refused.With(Errno.ENOENT, () => host.StartTrace(folder.File("no/such/folder")), "cannot be made");
        Refused.With(Errno.EINVAL, () => host.StartTrace("/dev/null"), "regular file");
        Assert.Throws<ArgumentOutOfRangeException>(() => host.StartTrace(folder.File("t"), (TraceMode)7));
        using var trace = host.StartTrace(folder.File("t"));
        Assert.Throws<ArgumentOutOfRangeException>(() => trace.Stop(-1));
    }

    [Fact]
    public void ATraceOfAHostThatIsKilledIsReadUpToItsLastWholeBlock()
    {
        using var folder = new TemporaryFolder();
        using var daemon = new Daemon("4MiB", "memory,size=64MiB");
        using (var host = daemon.Connect())
        {
            host.StartTrace(folder.File("t"));
            using (var array = host.Allocate<ulong>(16 * MiB / sizeof(ulong)))
            {
                Hosts.WriteAndCheck(array);
            }

            Hosts.Eventually(() => new TraceFile(folder.File("t")).Records > 1000, "records are written");
            daemon.Kill();
        }

        var read = new TraceFile(folder.File("t"));
        Assert.Null(read.End);
        Assert.InRange(read.PagesOf(TraceKind.Filled), 500, long.MaxValue);
    }

    [MountFact]
    public void AFullDiskEndsTheRecordingAndNothingElse()
    {
        using var small = new SmallFolder("128k");
        using var host = Hosts.Start(2);
        using var array = host.Allocate<ulong>(8 * MiB / sizeof(ulong), new HmmRangeOptions { Advice = Advice.Random });
        using var trace = host.StartTrace(Path.Combine(small.Path, "t"));
        Hosts.WriteAndCheck(array);
        Hosts.WriteAndCheck(array, round: 1);
        Refused.With(Errno.ENOSPC, () => trace.Stop(), "before is good");
        var read = new TraceFile(Path.Combine(small.Path, "t"));
        Assert.Null(read.End);
        Assert.InRange(read.Records, 1000UL, 6000UL);
        Hosts.Check(array, 0, array.Length, round: 1);
    }
}
