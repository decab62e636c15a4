// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Cli.Output;
using Hmm.Pmem;

namespace Hmm.Cli.Reports;

/// <summary><c>hmm pmem list</c> and <c>check</c>: what a file of persistent ranges holds, and what is wrong.</summary>
internal static class PmemReport
{
    private const ulong NsPerTick = 100;

    internal static void Print(TextWriter output, PmemStore store)
    {
        var table = new TextTable("NAME", "CHECKPOINT", "TIME", "SIZE", "ELEMENT", "CHANGED", "USER")
            .Right(1, 3, 4, 5, 6);
        foreach (var record in store.Checkpoints)
        {
            table.Add(
                record.Name.ToString(),
                $"{record.Sequence}",
                TimeOf(record.TimeNs).ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                ByteSize.Format(record.LengthBytes),
                $"{record.ElementBytes}",
                ByteSize.Format((ulong)record.PagesWritten << PmemFormat.FrameShift),
                $"{record.UserId}");
        }

        table.WriteTo(output);
    }

    internal static object ToJson(PmemStore store) => new
    {
        fileId = store.FileId,
        sizeBytes = PmemFormat.OffsetOf(store.FrameCount),
        kept = store.Current.Kept,
        checkpoints = store.Checkpoints.Select(static record => new
        {
            name = record.Name.ToString(),
            checkpoint = record.Sequence,
            time = TimeOf(record.TimeNs),
            sizeBytes = record.LengthBytes,
            elementBytes = record.ElementBytes,
            changedBytes = (ulong)record.PagesWritten << PmemFormat.FrameShift,
            user = record.UserId,
        }),
    };

    internal static void Print(TextWriter output, PmemCheck check)
    {
        foreach (var finding in check.Findings)
        {
            output.WriteLine(finding.Range.Length == 0
                ? $"frame {finding.Frame}: {finding.Sentence}"
                : $"frame {finding.Frame}, page {finding.Page} of '{finding.Range}' from checkpoint "
                    + $"{finding.Sequence}: {finding.Sentence}");
        }

        output.WriteLine(
            $"{check.PagesChecked} pages and {check.NodesChecked} nodes of {check.Store.Checkpoints.Count} checkpoints"
                + ": " + (check.Findings.Count == 0 ? "all are right" : $"{check.Findings.Count} are damaged"));
    }

    internal static object ToJson(PmemCheck check) => new
    {
        right = check.Findings.Count == 0,
        pages = check.PagesChecked,
        nodes = check.NodesChecked,
        checkpoints = check.Store.Checkpoints.Count,
        findings = check.Findings.Select(static finding => new
        {
            frame = finding.Frame,
            range = finding.Range,
            checkpoint = finding.Sequence,
            page = finding.Page,
            text = finding.Sentence,
        }),
    };

    private static DateTimeOffset TimeOf(ulong timeNs) =>
        DateTimeOffset.UnixEpoch.AddTicks((long)(Math.Min(timeNs, long.MaxValue) / NsPerTick));
}
