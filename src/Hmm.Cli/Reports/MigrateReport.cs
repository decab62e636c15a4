// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Cli.Output;
using Hmm.Uapi;

namespace Hmm.Cli.Reports;

/// <summary><c>hmm migrate</c>: which range is meant, and what became of its pages.</summary>
internal static class MigrateReport
{
    /// <summary>The one range that is meant.</summary>
    /// <exception cref="CommandException">There is none, or there are several.</exception>
    internal static RangeRecord Find(IReadOnlyList<RangeRecord> ranges, string text, uint? processId)
    {
        var found = ranges
            .Where(range => AddressOf(range) == text || range.Name.ToString() == text)
            .Where(range => processId is null || range.ProcessId == processId)
            .ToList();
        return found.Count switch
        {
            1 => found[0],
            0 => throw new CommandException(
                ExitCode.NotFound, $"no range is named '{text}'; 'hmm ranges' lists them"),
            _ => throw new CommandException(
                ExitCode.Usage,
                $"{found.Count} ranges are named '{text}'; write {string.Join(" or ", found.Select(AddressOf))}"),
        };
    }

    /// <summary>How many pages are meant.</summary>
    /// <exception cref="CommandException">The range does not have them.</exception>
    internal static long CheckSpan(in RangeRecord range, long first, long? count)
    {
        var pages = (long)(range.LengthBytes >> (int)range.PageShift);
        if (first >= pages || count == 0 || count > pages - first)
        {
            throw new CommandException(
                ExitCode.Usage,
                $"range '{range.Name}' has {pages} pages; name a first one below that, and no more than there are "
                + "from there on");
        }

        return count ?? (pages - first);
    }

    internal static void Print(TextWriter output, in RangeRecord range, string device, HmmMigration migration)
    {
        output.WriteLine(
            $"{migration.PageCount} pages of range '{range.Name}' ({AddressOf(range)}, process {range.ProcessId}) to "
            + $"device '{device}':");
        var table = new TextTable("PAGES", "BYTES", "RESULT").Right(0, 1);
        foreach (var (error, pages) in migration.Counts.OrderBy(static pair => pair.Key))
        {
            table.Add($"{pages}", ByteSize.Format((ulong)pages * (ulong)migration.PageSizeBytes), Explain(error));
        }

        table.WriteTo(output);
    }

    internal static object ToJson(in RangeRecord range, string device, HmmMigration migration) => new
    {
        range = RangeReport.ToJson(range),
        device,
        firstPage = migration.FirstPage,
        pageCount = migration.PageCount,
        pageBytes = migration.PageSizeBytes,
        movedPages = migration.MovedPages,
        isComplete = migration.IsComplete,
        results = Runs(migration).Select(static run => new
        {
            firstPage = run.First,
            pageCount = run.Count,
            result = run.Error == Errno.None ? "moved" : run.Error.ToString(),
        }),
    };

    /// <summary>Neighbours with one result, in order.</summary>
    private static IEnumerable<(long First, long Count, Errno Error)> Runs(HmmMigration migration)
    {
        var end = migration.FirstPage + migration.PageCount;
        for (var first = migration.FirstPage; first < end;)
        {
            var error = migration.ResultOf(first);
            var next = first + 1;
            while (next < end && migration.ResultOf(next) == error)
            {
                next++;
            }

            yield return (first, next - first, error);
            first = next;
        }
    }

    private static string Explain(Errno error) => error switch
    {
        Errno.None => "on the device",
        Errno.ENOENT => "nothing to move: zero, or the file's (ENOENT)",
        Errno.EBUSY => "stay: pinned (EBUSY)",
        Errno.EOPNOTSUPP => "stay: of a shared file or persistent, or the device turned them down (EOPNOTSUPP)",
        Errno.ENOSPC => "stay: the device is full (ENOSPC)",
        Errno.EIO => "stay: they could not be read or written (EIO)",
        Errno.ECANCELED => "stay: the range was closed (ECANCELED)",
        _ => $"stay: {error}",
    };

    private static string AddressOf(RangeRecord range) =>
        string.Create(CultureInfo.InvariantCulture, $"{range.SessionId}/{range.RangeId}");
}
