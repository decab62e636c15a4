// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Output;
using Hmm.Uapi;

namespace Hmm.Cli.Reports;

/// <summary>
/// <c>hmm pagemaps</c>: the spans that have frames, who owns them, and how many are in use.
/// </summary>
internal static class PageMapReport
{
    internal static void Print(TextWriter output, IReadOnlyList<PageMapRecord> records)
    {
        var table = new TextTable(
            "SPAN", "SIZE", "TYPE", "STATE", "OWNER", "DEVICE", "USED", "FREE", "PINNED", "REFERENCES")
            .Right(1, 6, 7, 8, 9);
        foreach (var record in records)
        {
            var last = record.Start + Math.Max(record.LengthBytes, 1) - 1;
            table.Add(
                $"{record.Start:x8}-{last:x8}",
                ByteSize.Format(record.LengthBytes),
                Words.Of(record.Type),
                Words.Of(record.State),
                record.Owner.ToString(),
                record.Device.ToString(),
                $"{record.FramesUsed}",
                $"{record.FramesFree}",
                $"{record.FramesPinned}",
                $"{record.References}");
        }

        table.WriteTo(output);
    }

    internal static object ToJson(PageMapRecord record) => new
    {
        start = record.Start,
        lengthBytes = record.LengthBytes,
        type = record.Type,
        state = record.State,
        owner = record.Owner.ToString(),
        device = record.Device.ToString(),
        framesUsed = record.FramesUsed,
        framesFree = record.FramesFree,
        framesPinned = record.FramesPinned,
        references = record.References,
    };
}
