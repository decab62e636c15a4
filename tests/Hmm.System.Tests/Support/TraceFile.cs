// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Host.Tracing;

namespace Hmm.System.Tests.Support;

// A recorded trace, counted.
internal sealed class TraceFile
{
    private readonly Dictionary<TraceKind, long> _pages = [];

    internal TraceFile(string path)
    {
        using var reader = new TraceFileReader(File.OpenRead(path));
        Header = reader.Header;
        while (reader.TryRead())
        {
            if (reader.Range is { } range)
            {
                Ranges.Add(range.Name);
            }

            foreach (var record in reader.Records)
            {
                Records++;
                var pages = record.Kind is TraceKind.Fault or TraceKind.Filled or TraceKind.Evicted ? record.Count : 1;
                _pages[record.Kind] = PagesOf(record.Kind) + pages;
                if (record.Kind == TraceKind.Fault)
                {
                    Threads.Add(record.Thread);
                }
            }
        }

        End = reader.End;
        Dropped = reader.Dropped;
    }

    internal TraceHeader Header { get; }

    internal TraceEnd? End { get; }

    internal ulong Dropped { get; }

    internal ulong Records { get; private set; }

    internal List<string> Ranges { get; } = [];

    internal HashSet<uint> Threads { get; } = [];

    internal long PagesOf(TraceKind kind) => _pages.GetValueOrDefault(kind);
}
