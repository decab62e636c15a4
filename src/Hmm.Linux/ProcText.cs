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
