// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Output;
using Hmm.Uapi;

namespace Hmm.Cli.Reports;

/// <summary><c>hmm devices</c>: what can hold pages, and how full it is.</summary>
internal static class DeviceReport
{
    internal static void Print(TextWriter output, IReadOnlyList<DeviceRecord> records)
    {
        var table = new TextTable(
            "NAME", "DRIVER", "TYPE", "STATE", "SIZE", "USED", "READ", "WRITTEN", "IN FLIGHT", "ERRORS", "DETAIL")
            .Right(4, 5, 6, 7, 8, 9);
        foreach (var record in records)
        {
            table.Add(
                record.Name.ToString(),
                record.Driver.ToString(),
                Words.Of(record.Type),
                Words.Of(record.State),
                ByteSize.Format(record.SizeBytes),
                ByteSize.Format(record.UsedBytes),
                ByteSize.Format(record.BytesRead),
                ByteSize.Format(record.BytesWritten),
                $"{record.InFlight}",
                $"{record.Errors}",
                record.Detail.ToString());
        }

        table.WriteTo(output);
    }

    internal static object ToJson(DeviceRecord record) => new
    {
        name = record.Name.ToString(),
        driver = record.Driver.ToString(),
        type = record.Type,
        state = record.State,
        sizeBytes = record.SizeBytes,
        usedBytes = record.UsedBytes,
        bytesRead = record.BytesRead,
        bytesWritten = record.BytesWritten,
        inFlight = record.InFlight,
        errors = record.Errors,
        detail = record.Detail.ToString(),
    };
}
