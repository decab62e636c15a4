// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Cli.Output;
using Hmm.Cli.Replay;
using Hmm.Host.Tracing;
using Hmm.Uapi;

namespace Hmm.Cli.Reports;

/// <summary>What a trace holds, and what was lost on the way.</summary>
internal static class TraceReport
{
    // Up to there uses are missed within a sixteenth of the budget, less than what the small queue keeps anyway.
    private const double LateFactor = 4;

    /// <summary>Prints what a trace is, in a few lines.</summary>
    internal static void PrintSummary(TextWriter output, TraceLog log)
    {
        var header = log.Header;
        output.WriteLine(Text($"{(log.IsFull ? "full trace" : "trace of faults")}, recorded for {log.Seconds:F1} s ")
            + $"within {ByteSize.Format(header.BudgetBytes)} by {Policy(header)}: "
            + Text($"{log.Records.Count:N0} records of {log.Ranges.Count:N0} ranges, {log.Touches:N0} touches, ")
            + Text($"{log.PagesUsed:N0} pages used ({ByteSize.Format(log.BytesUsed)})."));
        foreach (var warning in Warnings(log))
        {
            output.WriteLine(warning);
        }
    }

    /// <summary>What a reader must know who trusts it.</summary>
    internal static IEnumerable<string> Warnings(TraceLog log)
    {
        if (log.Dropped > 0)
        {
            yield return Text($"{log.Dropped:N0} records were dropped, since the disk was slower than the faults: ")
                + "what follows counts too little.";
        }

        if (!log.IsComplete)
        {
            yield return "The trace was cut short, and is read up to its last whole block.";
        }

        if (log.IsFull && log.MeanResidentBytes > LateFactor * log.Header.WindowBytes)
        {
            yield return $"Reclaim was late while it was recorded: {ByteSize.Format(log.MeanResidentBytes)} were in "
                + $"DRAM on average instead of {ByteSize.Format(log.Header.WindowBytes)}, and uses of these were "
                + "not seen; record while the machine has less to do.";
        }

        if (log.Ranges.Any(static range => range.MaximumFrames > 0))
        {
            yield return "Ranges with a maximum share are replayed as if they had none.";
        }
    }

    /// <summary>Prints it with its ranges.</summary>
    internal static void Print(TextWriter output, TraceLog log)
    {
        PrintSummary(output, log);
        var table = new TextTable("RANGE", "KIND", "PAGE", "LENGTH", "TOUCHES", "FILLS", "EVICTIONS", "NAME")
            .Right(0, 2, 3, 4, 5, 6);
        var counts = CountsOf(log);
        for (var i = 0; i < log.Ranges.Count; i++)
        {
            var range = log.Ranges[i];
            table.Add(
                Text($"{i + 1}"),
                Words.Of(range.Kind),
                ByteSize.Format(1L << range.PageShift),
                ByteSize.Format((double)range.PageCount * (1L << range.PageShift)),
                Text($"{counts[i].Touches:N0}"),
                Text($"{counts[i].Fills:N0}"),
                Text($"{counts[i].Evictions:N0}"),
                range.Name);
        }

        table.WriteTo(output);
    }

    /// <summary>The same in JSON.</summary>
    internal static object ToJson(TraceLog log)
    {
        var counts = CountsOf(log);
        return new
        {
            mode = log.Header.Mode,
            seconds = log.Seconds,
            budgetBytes = log.Header.BudgetBytes,
            windowBytes = log.Header.WindowBytes,
            hostVersion = log.Header.HostVersion,
            policy = Policy(log.Header),
            records = log.Records.Count,
            dropped = log.Dropped,
            isComplete = log.IsComplete,
            accesses = log.Accesses,
            touches = log.Touches,
            pagesUsed = log.PagesUsed,
            bytesUsed = log.BytesUsed,
            ranges = log.Ranges.Select((range, i) => new
            {
                range = i + 1,
                name = range.Name,
                kind = range.Kind,
                pageBytes = 1L << range.PageShift,
                pages = range.PageCount,
                touches = counts[i].Touches,
                fills = counts[i].Fills,
                evictions = counts[i].Evictions,
            }),
        };
    }

    private static string Policy(TraceHeader header) =>
        header.Policy.Length == 0 ? PolicyChoice.Default : header.Policy;

    private static (long Touches, long Fills, long Evictions)[] CountsOf(TraceLog log)
    {
        var counts = new (long Touches, long Fills, long Evictions)[log.Ranges.Count];
        foreach (var record in log.Records)
        {
            ref var count = ref counts[record.First.RangeId - 1];
            count.Touches += log.IsUse(in record) ? record.Count : 0;
            count.Fills += record.Kind == TraceKind.Filled ? record.Count : 0;
            count.Evictions += record.Kind == TraceKind.Evicted ? record.Count : 0;
        }

        return counts;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
