// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Host.Tracing;
using Hmm.Uapi;

namespace Hmm.Cli.Tests.Support;

/// <summary>Writes a trace as a host would, of one range with number 1.</summary>
internal sealed class TraceBuilder
{
    private readonly List<TraceRecord> _records = [];
    private ulong _nowNs;

    internal TraceMode Mode { get; init; } = TraceMode.Full;

    internal int PageShift { get; init; } = 12;

    internal long PageCount { get; init; } = 1 << 20;

    internal ulong Accesses { get; set; }

    internal ulong Dropped { get; set; }

    internal TraceBuilder Add(
        TraceKind kind, long page = 0, uint count = 1, TraceFlags flags = TraceFlags.None, ulong afterNs = 1000)
    {
        _nowNs += afterNs;
        _records.Add(new TraceRecord(kind, flags, _nowNs, (1UL << 40) | (ulong)page, count, 1));
        return this;
    }

    internal TraceBuilder Touch(params IEnumerable<int> pages)
    {
        foreach (var page in pages)
        {
            Add(TraceKind.Fault, page);
        }

        return this;
    }

    /// <summary>Writes it.</summary>
    internal string Write(TemporaryFolder folder, string name = "trace", bool isComplete = true)
    {
        var path = Path.Combine(folder.Path, name);
        var header = new TraceHeader(Mode, 1, 4 << 20, Mode == TraceMode.Full ? 1UL << 17 : 0, "1", "");
        using var writer = new TraceFileWriter(File.Create(path), header);
        writer.Write(new TraceRange(1, PageShift, PageCount, 0x1000000, RangeKind.Anonymous, Advice.Random, 0, "r"));
        foreach (var batch in _records.Chunk(TraceBlock.RecordsMax))
        {
            writer.Write(batch, Dropped);
            Dropped = 0;
        }

        if (isComplete)
        {
            writer.WriteEnd(Accesses, _nowNs);
        }

        return path;
    }
}
