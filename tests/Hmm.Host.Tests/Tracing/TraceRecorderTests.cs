// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Core.Physical;
using Hmm.Core.Policies;
using Hmm.Host.Tracing;
using Hmm.Uapi;

namespace Hmm.Host.Tests.Tracing;

public sealed class TraceRecorderTests : IDisposable
{
    private readonly MemoryManager _manager = new(new MemoryManagerOptions
    {
        BudgetBytes = 64 << 20,
        Physical = new PhysicalMemory(64 << 20),
    });

    [Fact]
    public void ADiskThatHangsHoldsUpNobodyAndWhatIsLostIsCounted()
    {
        const int Records = 100_000;
        using var disk = new HangingStream();
        var recorder = TraceRecorder.Start(_manager, TraceMode.Faults, disk, "1", "", ringRecords: 1024);
        disk.Hang();
        for (var i = 0; i < Records; i++)
        {
            // On this very thread: if it waited for the disk, the test would never end.
            _manager.Trace!.Faulted(new PageToken(1, i), write: true, writeProtect: false, thread: 5);
        }

        disk.GoOn();
        var counts = recorder.Stop(accesses: 0);
        Assert.Null(_manager.Trace);
        Assert.Equal((ulong)Records, counts.Records + counts.Dropped);
        Assert.InRange(counts.Dropped, 1UL, (ulong)Records - 1);
        using var reader = new TraceFileReader(new MemoryStream(disk.ToArray()));
        var read = 0UL;
        while (reader.TryRead())
        {
            read += (ulong)reader.Records.Length;
        }

        Assert.Equal((counts.Records, counts.Dropped), (read, reader.Dropped));
        Assert.Equal(counts.Records, reader.End!.Value.Records);
        Assert.Equal((ulong)disk.ToArray().Length, counts.FileBytes);
    }

    [Fact]
    public void AFileThatIsNotOpenForWritingIsRefused()
    {
        var path = Path.GetTempFileName();
        var file = new FileStream(File.OpenHandle(path), FileAccess.Write, bufferSize: 0);
        var refused = Assert.Throws<HmmException>(
            () => TraceRecorder.Start(_manager, TraceMode.Full, file, "1", ""));
        Assert.Equal(Errno.EBADF, refused.Errno);
        Assert.Null(_manager.Trace);
        Assert.False(_manager.Budget.IsWindowed);
        File.Delete(path);
    }

    [Fact]
    public void AFullTraceNarrowsTheWindowUntilItEnds()
    {
        var budget = _manager.Budget;
        var (low, high) = (budget.LowWatermark, budget.HighWatermark);
        var recorder = TraceRecorder.Start(_manager, TraceMode.Full, new MemoryStream(), "1", "");
        Assert.True(budget.IsWindowed);
        Assert.Equal(budget.Limit / 64, budget.Window);
        Assert.Equal(budget.Limit - budget.Window, budget.LowWatermark);
        Assert.InRange(budget.HighWatermark, budget.LowWatermark + 1, budget.Limit - 1);
        recorder.Stop(accesses: 0);
        Assert.False(budget.IsWindowed);
        Assert.Equal((low, high), (budget.LowWatermark, budget.HighWatermark));
    }

    [Fact]
    public void RecordingAllocatesNothing()
    {
        var recorder = TraceRecorder.Start(_manager, TraceMode.Faults, new MemoryStream(1 << 24), "1", "");
        var trace = _manager.Trace!;
        Record(trace, 1000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Record(trace, 100_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        recorder.Stop(accesses: 0);
    }

    public void Dispose() => _manager.Dispose();

    private static void Record(IPageTrace trace, int faults)
    {
        for (var i = 0; i < faults; i++)
        {
            trace.Faulted(new PageToken(1, i), write: false, writeProtect: false, thread: 1);
            trace.Filled(new PageToken(1, i), 1, writable: false, prefetched: false);
            trace.Evicted(new PageToken(1, i), 1);
        }
    }

    private sealed class HangingStream : MemoryStream
    {
        private readonly ManualResetEventSlim _mayWrite = new(initialState: true);

        internal void Hang() => _mayWrite.Reset();

        internal void GoOn() => _mayWrite.Set();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _mayWrite.Wait();
            base.Write(buffer);
        }

        protected override void Dispose(bool disposing)
        {
            _mayWrite.Set();
            base.Dispose(disposing);
        }
    }
}
