// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using Hmm.Host.Sessions;
using Hmm.Host.Tracing;
using Hmm.Uapi;
using Microsoft.Win32.SafeHandles;

namespace Hmm.Host.Tests.Sessions;

/// <summary>
/// The other side of the seam: writes down what a session asks, and holds the session to its word
/// about what it has checked. It closes the descriptors that it is handed.
/// </summary>
internal sealed class RecordingOperations : ISessionOperations, IDisposable
{
    private readonly ConcurrentDictionary<ulong, RangeSpecification> _open = new();
    private int _running;
    private int _runningMax;
    private int _closed;

    /// <summary>What was asked, in order.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>Where the session broke its word.</summary>
    public ConcurrentQueue<string> Violations { get; } = new();

    /// <summary>Long operations wait for this; set unless a test resets it.</summary>
    public ManualResetEventSlim MayFinish { get; } = new(initialState: true);

    /// <summary>What the next operation throws.</summary>
    public HmmException? Failure { get; set; }

    /// <summary>The records that QueryRanges has, in all.</summary>
    public int RangeRecords { get; set; }

    /// <summary>The lines that ReadModules has, whatever it is asked.</summary>
    public IReadOnlyList<string> ModuleLines { get; set; } = [];

    public int RunningMax => Volatile.Read(ref _runningMax);

    public int Running => Volatile.Read(ref _running);

    public int ClosedCount => Volatile.Read(ref _closed);

    public ClientDescription Client { get; private set; }

    public HostDescription Hello(in ClientDescription client)
    {
        Record("Hello");
        Client = client;
        return new HostDescription(7, 64UL << 20, "1.2.3");
    }

    public void AdoptUserfaultfd(int descriptor, AdoptFlags flags)
    {
        Close(descriptor);
        Record($"AdoptUserfaultfd {flags}");
    }

    public void CreateRange(ulong rangeId, in RangeSpecification range, int memory, int file)
    {
        Close(memory);
        if (range.Kind != RangeKind.Anonymous)
        {
            Close(file);
        }

        var page = 1UL << range.PageShift;
        Require(range.PageShift is >= 12 and <= 21, "page shift");
        Require(range.LengthBytes > 0 && range.LengthBytes % page == 0, "length");
        Require(range.LengthBytes <= Limits.RangeBytesMax, "longest length");
        Require(range.BaseAddress > 0 && range.BaseAddress % page == 0, "address");
        Require(range.BaseAddress + range.LengthBytes <= Limits.AddressEnd, "end");
        Require(Enum.IsDefined(range.Kind) && Enum.IsDefined(range.Advice), "enums");
        Require((file >= 0) == (range.Kind != RangeKind.Anonymous), "file descriptor");
        Require(range.FileBytes <= range.LengthBytes, "file bytes");
        foreach (var other in _open.Values)
        {
            Require(
                other.BaseAddress >= range.BaseAddress + range.LengthBytes
                || range.BaseAddress >= other.BaseAddress + other.LengthBytes,
                "overlap");
        }

        Record($"CreateRange {rangeId} {range.Kind} {range.PageCount}");
        Require(_open.TryAdd(rangeId, range), "a new number");
    }

    public void CloseRange(ulong rangeId, CancellationToken connectionEnded)
    {
        Require(_open.TryRemove(rangeId, out _), "an open range");
        Long($"CloseRange {rangeId}", connectionEnded);
    }

    public void Hint(ulong rangeId, HintKind kind, long firstPage, long pageCount)
    {
        RequireSpan(rangeId, firstPage, pageCount);
        Require(Enum.IsDefined(kind), "hint kind");
        Calls.Enqueue($"Hint {rangeId} {kind} {firstPage} {pageCount}");
    }

    public void AttachHintRing(int entries, int memory)
    {
        Close(memory);
        Record($"AttachHintRing {entries}");
    }

    public void WakeHintRing() => Calls.Enqueue("WakeHintRing");

    public void HintDropped() => Calls.Enqueue("HintDropped");

    public void Advise(ulong rangeId, Advice advice, long firstPage, long pageCount)
    {
        RequireSpan(rangeId, firstPage, pageCount);
        Require(Enum.IsDefined(advice), "advice");
        Record($"Advise {rangeId} {advice} {firstPage} {pageCount}");
    }

    public void Unpin(ulong rangeId, long firstPage, long pageCount)
    {
        RequireSpan(rangeId, firstPage, pageCount);
        Record($"Unpin {rangeId} {firstPage} {pageCount}");
    }

    public void DontNeed(ulong rangeId, long firstPage, long pageCount, CancellationToken connectionEnded)
    {
        RequireSpan(rangeId, firstPage, pageCount);
        Long($"DontNeed {rangeId} {firstPage} {pageCount}", connectionEnded);
    }

    public void Pin(ulong rangeId, long firstPage, long pageCount, CancellationToken connectionEnded)
    {
        RequireSpan(rangeId, firstPage, pageCount);
        Long($"Pin {rangeId} {firstPage} {pageCount}", connectionEnded);
    }

    public void Flush(ulong rangeId, long firstPage, long pageCount, CancellationToken connectionEnded)
    {
        RequireSpan(rangeId, firstPage, pageCount);
        Long($"Flush {rangeId} {firstPage} {pageCount}", connectionEnded);
    }

    public void Residency(
        ulong rangeId,
        long firstPage,
        long pageCount,
        Span<ResidencyCell> cells,
        CancellationToken connectionEnded)
    {
        RequireSpan(rangeId, firstPage, pageCount);
        Require(cells.Length is > 0 and <= Limits.ResidencyCellsMax, "cells");
        for (var i = 0; i < cells.Length; i++)
        {
            cells[i].Resident = (byte)i;
        }

        Long($"Residency {rangeId} {firstPage} {pageCount} {cells.Length}", connectionEnded);
    }

    public void Migrate(
        ulong sessionId,
        ulong rangeId,
        long firstPage,
        string device,
        Span<byte> results,
        CancellationToken connectionEnded)
    {
        if (sessionId == 0)
        {
            RequireSpan(rangeId, firstPage, results.Length);
        }

        Require(results.Length is > 0 and <= Limits.MigratePagesMax && device.Length > 0, "pages and a device");
        results[^1] = (byte)Errno.EBUSY;
        Long($"Migrate {sessionId} {rangeId} {firstPage} {results.Length} {device}", connectionEnded);
    }

    public void AddDevice(string specification, CancellationToken connectionEnded) =>
        Long($"AddDevice {specification}", connectionEnded);

    public void RemoveDevice(string name, CancellationToken connectionEnded) =>
        Long($"RemoveDevice {name}", connectionEnded);

    public void LoadModule(string specification, bool force, CancellationToken connectionEnded) =>
        Long($"LoadModule {specification} {force}", connectionEnded);

    public void UnloadModule(string name, CancellationToken connectionEnded) =>
        Long($"UnloadModule {name}", connectionEnded);

    public int ReadModules(
        ModuleText kind, string name, ref ulong cursor, Span<byte> text, CancellationToken connectionEnded)
    {
        Require(Enum.IsDefined(kind) && (name.Length == 0 || kind == ModuleText.Module), "a kind of text");
        Require(text.Length >= 1024, "room for a text");
        Long($"ReadModules {kind} {name} {cursor}", connectionEnded);
        return Hmm.Host.Engine.ModuleLines.Write(ModuleLines, ref cursor, text);
    }

    public Statistics Statistics(StatisticsScope scope, ulong rangeId)
    {
        Require(scope == StatisticsScope.Range ? _open.ContainsKey(rangeId) : rangeId == 0, "statistics");
        Record($"Statistics {scope} {rangeId}");
        return new Statistics { Faults = 42, Ranges = (ulong)_open.Count };
    }

    public PageDescription Describe(ulong rangeId, long page)
    {
        RequireSpan(rangeId, page, 1);
        Record($"Describe {rangeId} {page}");
        return new PageDescription { RangeId = rangeId, Page = (ulong)page, Device = FixedName.Create("block0") };
    }

    public int QueryResources(ref ulong cursor, Span<ResourceRecord> records) => End("QueryResources", ref cursor);

    public int QueryDevices(ref ulong cursor, Span<DeviceRecord> records) => End("QueryDevices", ref cursor);

    public int QueryPeers(ref ulong cursor, Span<PeerRecord> records) => End("QueryPeers", ref cursor);

    public int QueryPageMaps(ref ulong cursor, Span<PageMapRecord> records) => End("QueryPageMaps", ref cursor);

    public int QueryRanges(bool everySession, ref ulong cursor, Span<RangeRecord> records)
    {
        Record($"QueryRanges {everySession}");
        var first = (int)Math.Min(cursor, (ulong)RangeRecords);
        var count = Math.Min(RangeRecords - first, records.Length);
        for (var i = 0; i < count; i++)
        {
            records[i].RangeId = (ulong)(first + i);
        }

        cursor = first + count == RangeRecords ? 0 : (ulong)(first + count);
        return count;
    }

    public void OpenPersistent(ulong rangeId, in PersistentSpecification range, int memory)
    {
        Close(memory);
        Require(range.Name.Length > 0 && range.ElementBytes > 0, "name and element");
        Require(range.LengthBytes > 0 && range.LengthBytes % 4096 == 0 && range.BaseAddress % 4096 == 0, "shape");
        Require(range.ContentBytes > range.LengthBytes - 4096 && range.ContentBytes <= range.LengthBytes, "contents");
        Record($"OpenPersistent {rangeId} {range.Name} {range.Sequence}");
        var shape = new RangeSpecification(
            RangeKind.Persistent, 12, range.BaseAddress, range.LengthBytes, 0, range.Advice, range.Name);
        Require(_open.TryAdd(rangeId, shape), "a new number");
    }

    public (ulong Sequence, long Pages) Checkpoint(ulong rangeId, CancellationToken connectionEnded)
    {
        Require(_open.ContainsKey(rangeId), "an open range");
        Long($"Checkpoint {rangeId}", connectionEnded);
        return (9, 3);
    }

    public int QueryCheckpoints(bool everyone, ref ulong cursor, Span<CheckpointRecord> records) =>
        End($"QueryCheckpoints {everyone}", ref cursor);

    public void StartTrace(TraceMode mode, int file)
    {
        Close(file);
        Require(Enum.IsDefined(mode), "a mode");
        Record($"StartTrace {mode}");
    }

    public void MarkTrace() => Record("MarkTrace");

    public TraceCounts StopTrace(ulong accesses)
    {
        Record($"StopTrace {accesses}");
        return new TraceCounts(5, 1, 4096);
    }

    public void Closed()
    {
        Require(Running == 0, "nothing runs when the session is closed");
        Require(Interlocked.Increment(ref _closed) == 1, "closed once");
        Calls.Enqueue("Closed");
    }

    public void Dispose() => MayFinish.Dispose();

    private int End(string call, ref ulong cursor)
    {
        Record(call);
        cursor = 0;
        return 0;
    }

    private void Long(string call, CancellationToken connectionEnded)
    {
        var running = Interlocked.Increment(ref _running);
        InterlockedMax(ref _runningMax, running);
        try
        {
            Calls.Enqueue("begin " + call);
            MayFinish.Wait(connectionEnded);
            Record(call);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private void Record(string call)
    {
        Require(ClosedCount == 0, "nothing comes after Closed");
        Calls.Enqueue(call);
        if (Failure is { } failure)
        {
            Failure = null;
            throw failure;
        }
    }

    private void RequireSpan(ulong rangeId, long firstPage, long pageCount)
    {
        Require(_open.TryGetValue(rangeId, out var range), "an open range");
        var isInside = firstPage >= 0 && pageCount >= 1 && firstPage <= range.PageCount - pageCount;
        Require(isInside, "a span inside the range");
    }

    private void Require(bool holds, string what)
    {
        if (!holds)
        {
            Violations.Enqueue(what);
        }
    }

    private static void Close(int descriptor) => new SafeFileHandle(descriptor, ownsHandle: true).Dispose();

    private static void InterlockedMax(ref int location, int value)
    {
        var seen = Volatile.Read(ref location);
        while (seen < value)
        {
            var before = Interlocked.CompareExchange(ref location, value, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }
}
