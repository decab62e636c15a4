// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Cli.Reports;

/// <summary><c>hmm page</c>: the range and the page of an address.</summary>
internal static class PageReport
{
    /// <summary>The one range that holds an address.</summary>
    /// <exception cref="CommandException">There is none, or there are several.</exception>
    internal static RangeRecord Find(IReadOnlyList<RangeRecord> ranges, ulong address, uint? processId)
    {
        var holders = ranges
            .Where(range => address - range.BaseAddress < range.LengthBytes && address >= range.BaseAddress)
            .Where(range => processId is null || range.ProcessId == processId)
            .ToList();
        return holders.Count switch
        {
            1 => holders[0],
            0 => throw new CommandException(
                ExitCode.NotFound, $"no range holds the address 0x{address:x}; 'hmm ranges' lists them"),
            _ => throw new CommandException(
                ExitCode.Usage,
                $"applications {string.Join(", ", holders.Select(range => range.ProcessId))} all have a range at "
                + $"0x{address:x}; name one: --pid PID"),
        };
    }

    internal static void Print(TextWriter output, RangeRecord range, ulong address)
    {
        var page = PageOf(range, address);
        output.WriteLine($"address   0x{address:x}");
        output.WriteLine(
            $"range     {range.Name}, {range.RangeId} of session {range.SessionId}, process {range.ProcessId}");
        output.WriteLine($"page      {page} of {PageOf(range, range.BaseAddress + range.LengthBytes - 1) + 1}, "
            + $"{ByteSize.Format(1UL << (int)range.PageShift)}, from 0x{PageAddress(range, page):x}");
    }

    internal static object ToJson(RangeRecord range, ulong address) => new
    {
        address,
        page = PageOf(range, address),
        pageAddress = PageAddress(range, PageOf(range, address)),
        range = RangeReport.ToJson(range),
    };

    private static ulong PageAddress(in RangeRecord range, ulong page) =>
        range.BaseAddress + (page << (int)range.PageShift);

    private static ulong PageOf(in RangeRecord range, ulong address) =>
        (address - range.BaseAddress) >> (int)range.PageShift;
}
