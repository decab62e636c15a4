// SPDX-License-Identifier: MIT
using System.Globalization;

namespace Hmm.Linux;

// The "Name:   value" texts of /proc/meminfo and /proc/self/status. Pure: tests feed samples.
internal static class ProcText
{
    // "MemTotal:       24684092 kB", in bytes; 0 where the line is missing.
    internal static ulong KibibytesOf(string text, string name) => NumberOf(text, name) * 1024;

    internal static ulong NumberOf(string text, string name)
    {
        var value = ValueOf(text, name);
        var end = value.IndexOf(' ');
        var digits = end < 0 ? value : value[..end];
        return ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    // "Cpus_allowed_list:	0-3,8": lists of numbers and of what lies between two. Empty where the line is missing.
    internal static IReadOnlyList<int> NumbersOf(string text, string name)
    {
        var numbers = new List<int>();
        var value = ValueOf(text, name);
        foreach (var part in value.Split(','))
        {
            var run = value[part];
            var dash = run.IndexOf('-');
            if (TryParse(dash < 0 ? run : run[..dash], out var first) && TryParse(run[(dash + 1)..], out var last))
            {
                numbers.AddRange(Enumerable.Range(first, last - first + 1));
            }
        }

        return numbers;

        static bool TryParse(ReadOnlySpan<char> digits, out int number) =>
            int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    // "CapEff: 000001ffffffffff": bit N is capability N.
    internal static bool HasCapability(string text, int capability)
        => ulong.TryParse(ValueOf(text, "CapEff"), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var mask)
            && (mask >> capability & 1) != 0;

    private static ReadOnlySpan<char> ValueOf(string text, string name)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var named = line.StartsWith(name, StringComparison.Ordinal);
            if (named && line.Length > name.Length && line[name.Length] == ':')
            {
                return line[(name.Length + 1)..].Trim();
            }
        }

        return default;
    }
}
