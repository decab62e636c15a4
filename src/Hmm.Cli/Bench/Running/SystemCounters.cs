// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;

namespace Hmm.Cli.Bench.Running;

/// <summary>What the kernel counts for this process, its host and the machine; read twice, and subtracted.</summary>
internal readonly record struct SystemCounters(
    double UserSeconds,
    double SystemSeconds,
    double HostSeconds,
    long MinorFaults,
    long MajorFaults,
    long ReadBytes,
    long WrittenBytes,
    long PagedInKib,
    long PagedOutKib,
    long SwappedIn,
    long SwappedOut,
    long StolenTicks,
    long TotalTicks)
{
    // proc_pid_stat(5), counted from the field after the name: state is 0.
    private const int MinorFaultsField = 7;
    private const int MajorFaultsField = 9;
    private const int UserTicksField = 11;
    private const int SystemTicksField = 12;
    private const double TicksASecond = 100; // USER_HZ, fixed on every architecture that .NET runs on

    /// <summary>Reads them. 0: there is no host process.</summary>
    internal static SystemCounters Read(int hostProcessId)
    {
        var own = StatOf("self");
        var host = hostProcessId == 0 ? [] : StatOf(hostProcessId.ToString(CultureInfo.InvariantCulture));
        var cpu = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var machine = Table("/proc/vmstat", ' ');
        var io = Table("/proc/self/io", ':');
        return new SystemCounters(
            Number(own, UserTicksField) / TicksASecond,
            Number(own, SystemTicksField) / TicksASecond,
            (Number(host, UserTicksField) + Number(host, SystemTicksField)) / TicksASecond,
            Number(own, MinorFaultsField),
            Number(own, MajorFaultsField),
            io.GetValueOrDefault("read_bytes"),
            io.GetValueOrDefault("write_bytes"),
            machine.GetValueOrDefault("pgpgin"),
            machine.GetValueOrDefault("pgpgout"),
            machine.GetValueOrDefault("pswpin"),
            machine.GetValueOrDefault("pswpout"),
            Number(cpu, 8),
            cpu.Skip(1).Take(8).Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture)));
    }

    public static SystemCounters operator -(SystemCounters after, SystemCounters before) => new(
        after.UserSeconds - before.UserSeconds,
        after.SystemSeconds - before.SystemSeconds,
        after.HostSeconds - before.HostSeconds,
        after.MinorFaults - before.MinorFaults,
        after.MajorFaults - before.MajorFaults,
        after.ReadBytes - before.ReadBytes,
        after.WrittenBytes - before.WrittenBytes,
        after.PagedInKib - before.PagedInKib,
        after.PagedOutKib - before.PagedOutKib,
        after.SwappedIn - before.SwappedIn,
        after.SwappedOut - before.SwappedOut,
        after.StolenTicks - before.StolenTicks,
        after.TotalTicks - before.TotalTicks);

    private static string[] StatOf(string process)
    {
        try
        {
            // The name is in brackets and may hold anything.
            var text = File.ReadAllText($"/proc/{process}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return []; // A host in another namespace, or gone.
        }
    }

    private static long Number(string[] fields, int index) =>
        index < fields.Length && long.TryParse(fields[index], CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;

    private static Dictionary<string, long> Table(string path, char separator)
    {
        var table = new Dictionary<string, long>();
        foreach (var line in File.ReadLines(path))
        {
            var at = line.IndexOf(separator, StringComparison.Ordinal);
            if (at > 0 && long.TryParse(line.AsSpan(at + 1).Trim(), CultureInfo.InvariantCulture, out var number))
            {
                table[line[..at]] = number;
            }
        }

        return table;
    }
}
