// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Output;
using Hmm.Uapi;

namespace Hmm.Cli.Reports;

/// <summary><c>hmm devices --distance</c>: how far devices are from each other, and how pages went.</summary>
internal static class DistanceReport
{
    private const ulong PageBytes = 4096;

    /// <summary>Prints a matrix of distances, from each row's device to each column's, then the traffic.</summary>
    internal static void Print(TextWriter output, IReadOnlyList<PeerRecord> records)
    {
        var names = records.Select(static record => record.From.ToString()).Distinct().ToList();
        if (names.Count == 0)
        {
            output.WriteLine("Fewer than two devices: there is no way between them.");
            return;
        }

        var distances = records.ToDictionary(static record => (record.From.ToString(), record.To.ToString()));
        var matrix = new TextTable(["FROM \\ TO", .. names]).Right([.. Enumerable.Range(1, names.Count)]);
        foreach (var from in names)
        {
            matrix.Add([from, .. names.Select(to => Cell(distances, from, to))]);
        }

        matrix.WriteTo(output);
        output.WriteLine();
        var traffic = new TextTable("FROM", "TO", "DISTANCE", "TYPE", "DIRECT", "BOUNCED").Right(2, 4, 5);
        foreach (var record in records)
        {
            traffic.Add(
                record.From.ToString(),
                record.To.ToString(),
                record.Distance < 0 ? "-" : $"{record.Distance}",
                Words.Of(record.Type),
                ByteSize.Format(record.DirectPages * PageBytes),
                ByteSize.Format(record.BouncedPages * PageBytes));
        }

        traffic.WriteTo(output);
    }

    internal static object ToJson(PeerRecord record) => new
    {
        from = record.From.ToString(),
        to = record.To.ToString(),
        distance = record.Distance,
        type = record.Type,
        directBytes = record.DirectPages * PageBytes,
        bouncedBytes = record.BouncedPages * PageBytes,
    };

    private static string Cell(
        Dictionary<(string From, string To), PeerRecord> distances, string from, string to) =>
        from == to ? "." : distances.TryGetValue((from, to), out var record) && record.Distance >= 0
            ? $"{record.Distance}"
            : "-";
}
