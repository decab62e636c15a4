// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Output;
using Hmm.Uapi;

namespace Hmm.Cli.Reports;

/// <summary><c>hmm ranges</c>: the applications' ranges, and where their pages are.</summary>
internal static class RangeReport
{
    // Counts of pages are in units of 4 KiB whatever the range's page size.
    private const ulong PageBytes = 4096;

    internal static void Print(TextWriter output, IReadOnlyList<RangeRecord> records)
    {
        var table = new TextTable(
            "PID", "SESSION", "RANGE", "NAME", "KIND", "ADDRESS", "LENGTH", "PAGE",
            "RESIDENT", "DIRTY", "PINNED", "DEVICE", "FAULTS")
            .Right(0, 1, 2, 6, 7, 8, 9, 10, 11, 12);
        foreach (var record in records)
        {
            table.Add(
                $"{record.ProcessId}",
                $"{record.SessionId}",
                $"{record.RangeId}",
                record.Name.ToString(),
                Words.Of(record.Kind),
                $"{record.BaseAddress:x}",
                ByteSize.Format(record.LengthBytes),
                ByteSize.Format(1UL << (int)record.PageShift),
                ByteSize.Format(record.ResidentPages * PageBytes),
                ByteSize.Format(record.DirtyPages * PageBytes),
                ByteSize.Format(record.PinnedPages * PageBytes),
                ByteSize.Format(record.DevicePages * PageBytes),
                $"{record.Faults}");
        }

        table.WriteTo(output);
    }

    internal static object ToJson(RangeRecord record) => new
    {
        processId = record.ProcessId,
        sessionId = record.SessionId,
        rangeId = record.RangeId,
        name = record.Name.ToString(),
        kind = record.Kind,
        advice = record.Advice,
        baseAddress = record.BaseAddress,
        lengthBytes = record.LengthBytes,
        pageBytes = 1UL << (int)record.PageShift,
        residentBytes = record.ResidentPages * PageBytes,
        dirtyBytes = record.DirtyPages * PageBytes,
        pinnedBytes = record.PinnedPages * PageBytes,
        deviceBytes = record.DevicePages * PageBytes,
        faults = record.Faults,
    };
}
