// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Cli.Reports;

/// <summary>
/// <c>hmm iomem</c>: the host's physical address space, as <c>/proc/iomem</c> prints the kernel's.
/// </summary>
internal static class ResourceReport
{
    // kernel/resource.c, r_show: two spaces a level, at least eight digits, the last byte and not
    // the first beyond it.
    internal static void Print(TextWriter output, IReadOnlyList<ResourceRecord> records)
    {
        foreach (var record in records)
        {
            var indent = new string(' ', 2 * (int)record.Depth);
            output.WriteLine($"{indent}{record.Start:x8}-{LastByte(record):x8} : {record.Name}");
        }
    }

    internal static object ToJson(ResourceRecord record) => new
    {
        start = record.Start,
        lengthBytes = record.LengthBytes,
        kind = record.Kind,
        depth = record.Depth,
        name = record.Name.ToString(),
    };

    private static ulong LastByte(in ResourceRecord record) => record.Start + Math.Max(record.LengthBytes, 1) - 1;
}
