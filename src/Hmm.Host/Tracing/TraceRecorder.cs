// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using System.Diagnostics;
using Hmm.Core;
using Hmm.Core.Migration;
using Hmm.Core.Policies;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Host.Tracing;

/// <summary>
/// Records what happens to pages: whoever does it leaves a record in a ring, and a thread of this class writes them to
/// the file. When that falls behind, records are dropped and counted; no fault ever waits for a disk.
/// </summary>
/// <remarks>
/// A full trace narrows the window of reclaim, so that a page leaves soon after it came and nearly each use of it
/// faults. Threads: records from any; <see cref="Stop"/> once.
/// <code>
///   new --Start--> recording --Stop--> the ring is written out, totals, closed
/// </code>
/// </remarks>
internal sealed class TraceRecorder : IPageTrace
{
    // A tenth of a second of 300,000 faults, two records each: 1.5 MiB of records and 0.5 MiB of turns.
    private const int RingRecords = 1 << 16;

    // A 64th of the budget: a page that is used again within the window is used again before a page that came with it
    // could have left the small queue, a tenth. At least what a few threads work on at a time.
    private const int WindowDivisor = 64;
    private const long WindowPages = 32;

    // A row of 64 chunks of a page table is looked at in well under a millisecond.
    private const int ChunksAtATime = 64;

    // The writer looks that often, and is woken when a quarter of the ring was filled.
    private static readonly TimeSpan WritePause = TimeSpan.FromMilliseconds(50);

    private readonly MemoryManager _manager; // immutable
    private readonly TraceFileWriter _writer; // Guarded by: the writing thread
    private readonly TraceRing _ring; // Guarded by: itself
    private readonly ConcurrentQueue<MemoryRange> _opened = new(); // Guarded by: itself
    private readonly IReadOnlyList<MemoryRange> _before; // immutable: the ranges that were there when it began
    private readonly TraceRecord[] _batch = new TraceRecord[TraceBlock.RecordsMax]; // Guarded by: the writing thread
    private readonly object _wake = new();
    private readonly long _wakeMask; // immutable
    private readonly Thread _thread; // immutable
    private readonly TraceMode _mode; // immutable
    private readonly long _start = Stopwatch.GetTimestamp(); // immutable
    private long _droppedBefore; // Guarded by: the writing thread
    private bool _stopping; // Guarded by: _wake
    private ulong _accesses; // Guarded by: _wake
    private ulong _durationNs; // Guarded by: _wake

    private TraceRecorder(MemoryManager manager, TraceMode mode, TraceFileWriter writer, int ringRecords)
    {
        _manager = manager;
        _mode = mode;
        _writer = writer;
        _ring = new TraceRing(ringRecords);
        _wakeMask = (ringRecords / 4) - 1;
        manager.Trace = this;

        // In this order: a range that is not among them is told of by whoever opens it.
        _before = manager.Ranges.Snapshot();
        _thread = new Thread(Run) { IsBackground = true, Name = "hmm-trace" };
    }

    private ulong NowNs => (ulong)(Stopwatch.GetTimestamp() - _start);

    /// <summary>Begins to record.</summary>
    /// <param name="manager">Whose pages.</param>
    /// <param name="mode">What to see.</param>
    /// <param name="file">Where to; owned from here on, also when this throws.</param>
    /// <param name="version">The host's version.</param>
    /// <param name="policy">The host's reclaim policy.</param>
    /// <param name="ringRecords">How many records may wait to be written; a power of two.</param>
    /// <exception cref="HmmException">The header cannot be written.</exception>
    public static TraceRecorder Start(
        MemoryManager manager,
        TraceMode mode,
        Stream file,
        string version,
        string policy,
        int ringRecords = RingRecords)
    {
        Corruption.Require(Stopwatch.Frequency == 1_000_000_000, "the clock of Linux counts nanoseconds");
        var window = mode == TraceMode.Full ? WindowFrames(manager) : 0;
        var header = new TraceHeader(
            mode,
            (ulong)(TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100,
            (ulong)manager.Budget.Limit << 12,
            (ulong)window << 12,
            version,
            policy);
        TraceFileWriter writer;
        try
        {
            writer = new TraceFileWriter(file, header);
        }
        catch (Exception exception) when (TraceFileWriter.IsFailure(exception))
        {
            file.Dispose();
            throw Explain(exception);
        }

        var recorder = new TraceRecorder(manager, mode, writer, ringRecords);
        if (mode == TraceMode.Full)
        {
            manager.Budget.Window = window;
            manager.ReclaimNeeded();
        }

        recorder._thread.Start();
        return recorder;
    }

    /// <summary>Puts a mark: what counts begins here.</summary>
    public void Mark() => Add(TraceKind.Mark, TraceFlags.None, 0, 0, 0);

    /// <summary>The application said that pages will be touched.</summary>
    public void Hinted(PageToken first, long count, bool write) =>
        Add(TraceKind.Hinted, write ? TraceFlags.Write : 0, first.Raw, (uint)Math.Min(count, uint.MaxValue), 0);

    /// <summary>The application said how a range is accessed.</summary>
    public void Advised(MemoryRange range, Advice advice) =>
        Add(TraceKind.Advised, TraceFlags.None, range.TokenOf(0).Raw, (uint)advice, 0);

    /// <inheritdoc/>
    public void Faulted(PageToken page, bool write, bool writeProtect, uint thread) => Add(
        writeProtect ? TraceKind.FirstWrite : TraceKind.Fault,
        write ? TraceFlags.Write : TraceFlags.None,
        page.Raw,
        1,
        thread);

    /// <inheritdoc/>
    public void Filled(PageToken first, int count, bool writable, bool prefetched) => Add(
        TraceKind.Filled,
        (writable ? TraceFlags.Write : TraceFlags.None) | (prefetched ? TraceFlags.Prefetched : TraceFlags.None),
        first.Raw,
        (uint)count,
        0);

    /// <inheritdoc/>
    public void Evicted(PageToken first, int count) => Add(TraceKind.Evicted, 0, first.Raw, (uint)count, 0);

    /// <inheritdoc/>
    public void Dropped(PageToken first, int count) => Add(TraceKind.Dropped, 0, first.Raw, (uint)count, 0);

    /// <inheritdoc/>
    public void Opened(MemoryRange range)
    {
        _opened.Enqueue(range);
        lock (_wake)
        {
            // Not once it ends: the window would stay narrow for ever.
            if (_mode == TraceMode.Full && !_stopping)
            {
                _manager.Budget.Window = Math.Max(_manager.Budget.Window, WindowPages << range.PageOrder);
            }
        }
    }

    /// <inheritdoc/>
    public void Closed(MemoryRange range) => Add(TraceKind.Closed, 0, range.TokenOf(0).Raw, 0, 0);

    /// <summary>Ends the recording; when it returns the file is complete, or as long as it could be written.</summary>
    /// <param name="accesses">What the application made since the last mark; 0: unknown.</param>
    /// <exception cref="HmmException">A write failed; the file is good up to there.</exception>
    public TraceCounts Stop(ulong accesses)
    {
        _manager.Trace = null;
        lock (_wake)
        {
            (_accesses, _durationNs, _stopping) = (accesses, NowNs, true);
            _manager.Budget.Window = _manager.Budget.Limit;
            Monitor.Pulse(_wake);
        }

        _thread.Join();
        return _writer.Failure is { } failure
            ? throw Explain(failure)
            : new TraceCounts(_writer.Records, _writer.Dropped, (ulong)_writer.FileBytes);
    }

    /// <summary>What a full trace leaves in DRAM: few enough that hardly any use goes unseen.</summary>
    private static long WindowFrames(MemoryManager manager)
    {
        var order = 0;
        foreach (var range in manager.Ranges.Snapshot())
        {
            order = Math.Max(order, range.PageOrder);
        }

        return Math.Min(manager.Budget.Limit, Math.Max(WindowPages << order, manager.Budget.Limit / WindowDivisor));
    }

    private static TraceRange Describe(MemoryRange range) => new(
        range.Id,
        range.PageShift,
        range.PageCount,
        range.BaseAddress,
        range.Kind,
        range.Advice,
        range.Share.MaxFrames,
        range.Name);

    private static HmmException Explain(Exception exception)
    {
        // On Unix the HResult of what has no exception of its own is the errno.
        var errno = exception is UnauthorizedAccessException ? Errno.EBADF
            : exception.HResult is > 0 and < 4096 ? (Errno)exception.HResult : Errno.EIO;
        return new HmmException(
            errno, $"The trace could not be written: {exception.Message} What was written before is good.", exception);
    }

    private void Add(TraceKind kind, TraceFlags flags, ulong page, uint count, uint thread)
    {
        var record = new TraceRecord(kind, flags, NowNs, page, count, thread);
        if (_ring.TryAdd(in record, out var position) && (position & _wakeMask) == _wakeMask)
        {
            lock (_wake)
            {
                Monitor.Pulse(_wake);
            }
        }
    }

    private void Run()
    {
        try
        {
            foreach (var range in _before)
            {
                _writer.Write(Describe(range));
            }

            foreach (var range in _before)
            {
                WritePresent(range.Id);
            }

            while (!WaitForStop())
            {
                WriteOut();
            }

            WriteOut();

            // A record that its thread has not finished is lost, and those behind it.
            _writer.Write([], (ulong)_ring.Waiting);
            _writer.WriteEnd(_accesses, _durationNs);
            _writer.Dispose();
        }
        catch (Exception exception)
        {
            Corruption.Fail($"the trace thread failed: {exception}");
        }
    }

    private bool WaitForStop()
    {
        lock (_wake)
        {
            if (!_stopping)
            {
                Monitor.Wait(_wake, WritePause);
            }

            return _stopping;
        }
    }

    /// <summary>Writes what is in the ring. Ranges first: one is told of before any record of its pages is.</summary>
    private void WriteOut()
    {
        int count;
        do
        {
            count = _ring.Take(_batch);
            while (_opened.TryDequeue(out var range))
            {
                if (!_before.Contains(range))
                {
                    _writer.Write(Describe(range));
                }
            }

            var dropped = _ring.Dropped;
            _writer.Write(_batch.AsSpan(0, count), (ulong)(dropped - _droppedBefore));
            _droppedBefore = dropped;
        }
        while (count == _batch.Length);
    }

    /// <summary>Tells which pages of a range were in DRAM when it began, or are by now.</summary>
    private void WritePresent(uint id)
    {
        if (!_manager.Ranges.TryAcquire(id, out var range))
        {
            return; // It is closed, or closing.
        }

        var runs = new TraceRecord[PageTable.ChunkPages / 2 * ChunksAtATime];
        var page = range.Table.NextTouchedChunk(0);
        while (page < range.PageCount)
        {
            var count = 0;
            for (var chunk = 0; chunk < ChunksAtATime && page < range.PageCount; chunk++)
            {
                var end = Math.Min((page | (PageTable.ChunkPages - 1)) + 1, range.PageCount);
                count = AddPresent(range, page, end, runs, count);
                page = range.Table.NextTouchedChunk(end);
            }

            for (var done = 0; done < count; done += _batch.Length)
            {
                _writer.Write(runs.AsSpan(done, Math.Min(count - done, _batch.Length)), dropped: 0);
            }

            WriteOut();
        }

        _manager.Leave(range);
    }

    private static int AddPresent(MemoryRange range, long first, long end, TraceRecord[] runs, int count)
    {
        var run = 0U;
        for (var page = first; page <= end; page++)
        {
            if (page < end && range.Table.Read(page).IsResident)
            {
                run++;
            }
            else if (run > 0)
            {
                runs[count++] = new TraceRecord(TraceKind.Present, 0, 0, range.TokenOf(page - run).Raw, run, 0);
                run = 0;
            }
        }

        return count;
    }
}
