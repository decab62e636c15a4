// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Core.Policies;
using Hmm.Host.Tracing;
using Hmm.Uapi;

namespace Hmm.Cli.Replay;

/// <summary>
/// A trace in memory. Each range has a number of its own here, its place in <see cref="Ranges"/>, also where the host
/// gave the number of a closed range to another.
/// </summary>
internal sealed class TraceLog
{
    // 2.4 GB of memory: hours of faults.
    private const int RecordsMax = 100_000_000;

    private readonly List<TraceRange> _ranges = []; // owner thread
    private readonly List<TraceRecord> _records = []; // owner thread
    private readonly Dictionary<uint, Queue<int>> _numbers = []; // owner thread: of a host's number, the open one first

    private TraceLog(TraceHeader header)
    {
        Header = header;
    }

    /// <summary>How it begins.</summary>
    internal TraceHeader Header { get; }

    /// <summary>The ranges; the first has number 1.</summary>
    internal IReadOnlyList<TraceRange> Ranges => _ranges;

    /// <summary>The records, in the order in which they happened.</summary>
    internal IReadOnlyList<TraceRecord> Records => _records;

    /// <summary>How many records were dropped.</summary>
    internal ulong Dropped { get; private set; }

    /// <summary>Whether it has its end, and was not cut short.</summary>
    internal bool IsComplete { get; private set; }

    /// <summary>What the application said that it made since the last mark, hits included; 0: unknown.</summary>
    internal ulong Accesses { get; private set; }

    /// <summary>Where what counts begins: behind the last mark.</summary>
    internal int FirstCounted { get; private set; }

    /// <summary>How long it was recorded.</summary>
    internal double Seconds { get; private set; }

    /// <summary>Whether it saw nearly every use of a page.</summary>
    internal bool IsFull => Header.Mode == TraceMode.Full;

    /// <summary>How many different pages were touched, or brought ahead.</summary>
    internal long PagesUsed { get; private set; }

    /// <summary>How large these are together.</summary>
    internal long BytesUsed { get; private set; }

    /// <summary>How many uses of pages it saw since the last mark.</summary>
    internal long Touches { get; private set; }

    /// <summary>How much was in DRAM when a page was touched, on average.</summary>
    internal double MeanResidentBytes { get; private set; }

    /// <summary>Loads a file.</summary>
    /// <exception cref="CommandException">It cannot be read, or is no trace that can be.</exception>
    internal static TraceLog Load(string path)
    {
        try
        {
            using var reader = new TraceFileReader(new FileStream(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16));
            var log = new TraceLog(reader.Header);
            log.Read(reader);
            return log;
        }
        catch (InvalidDataException damaged)
        {
            throw new CommandException(ExitCode.Data, $"{path} cannot be replayed: {damaged.Message}", damaged);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Data, $"{path} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>log2 of the frames of one page of a range.</summary>
    internal int OrderOf(ulong page) => _ranges[(int)new PageToken(page).RangeId - 1].PageShift - Limits.PageShiftMin;

    /// <summary>Whether a record is of pages in use: touched, or brought ahead by a host that saw no touch.</summary>
    internal bool IsUse(in TraceRecord record) => record.Kind is TraceKind.Fault or TraceKind.FirstWrite
        || (!IsFull && record.Kind == TraceKind.Filled && (record.Flags & TraceFlags.Prefetched) != 0);

    private void Read(TraceFileReader reader)
    {
        while (reader.TryRead())
        {
            if (reader.Range is { } range)
            {
                _ranges.Add(range);
                if (!_numbers.TryGetValue(range.Id, out var numbers))
                {
                    _numbers.Add(range.Id, numbers = new Queue<int>());
                }

                numbers.Enqueue(_ranges.Count);
            }

            foreach (ref readonly var record in reader.Records)
            {
                Add(in record);
            }
        }

        Dropped = reader.Dropped;
        IsComplete = reader.End is not null;
        Accesses = reader.End?.Accesses ?? 0;
        Seconds = (reader.End?.DurationNs ?? (_records.Count > 0 ? _records[^1].TimeNs : 0)) / 1e9;
        Count();
    }

    private void Add(in TraceRecord record)
    {
        if (_records.Count == RecordsMax)
        {
            throw new InvalidDataException(string.Create(
                CultureInfo.InvariantCulture, $"it has more than {RecordsMax:N0} records; record a shorter time"));
        }

        if (record.Kind == TraceKind.Mark)
        {
            FirstCounted = _records.Count;
            return;
        }

        if (!_numbers.TryGetValue(record.First.RangeId, out var numbers) || !numbers.TryPeek(out var number))
        {
            return; // Of a range whose record was dropped.
        }

        var isOfPages = record.Kind is not (TraceKind.Closed or TraceKind.Advised);
        if (isOfPages && (record.Count == 0 || record.First.Page + record.Count > _ranges[number - 1].PageCount))
        {
            throw new InvalidDataException(
                $"a record names pages that its range has not ({record.First.Page} and {record.Count} on); it was not "
                    + "written by a host");
        }

        _records.Add(record with { Page = new PageToken((uint)number, record.First.Page).Raw });
        if (record.Kind == TraceKind.Closed)
        {
            numbers.Dequeue();
        }
    }

    private void Count()
    {
        var used = new HashSet<ulong>();
        for (var i = 0; i < _records.Count; i++)
        {
            var record = _records[i];
            if (!IsUse(in record))
            {
                continue;
            }

            Touches += i >= FirstCounted ? record.Count : 0;
            for (var page = record.Page; page < record.Page + record.Count; page++)
            {
                BytesUsed += used.Add(page) ? 1L << (OrderOf(page) + Limits.PageShiftMin) : 0;
            }
        }

        PagesUsed = used.Count;
        MeanResidentBytes = MeanResident();
    }

    private double MeanResident()
    {
        var (resident, sum, touches) = (0.0, 0.0, 0L);
        foreach (var record in _records)
        {
            var bytes = (double)record.Count * (1L << _ranges[(int)record.First.RangeId - 1].PageShift);
            switch (record.Kind)
            {
                case TraceKind.Filled or TraceKind.Present:
                    resident += bytes;
                    break;
                case TraceKind.Evicted:
                    resident -= bytes;
                    break;
                case TraceKind.Fault:
                    (sum, touches) = (sum + Math.Max(0, resident), touches + 1);
                    break;
                default:
                    break; // What is dropped or closed is little beside these.
            }
        }

        return touches == 0 ? 0 : sum / touches;
    }
}
