// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;

namespace Hmm.Core.Modules;

/// <summary>
/// Sizes as parameters are written: <c>4096</c>, <c>64KiB</c>, <c>256MiB</c>, <c>1GiB</c>,
/// <c>2TiB</c>.
/// </summary>
internal static class ByteSize
{
    private static readonly string[] s_units = ["KiB", "MiB", "GiB", "TiB"];

    /// <summary>Reads a size; false if the text is none, or one beyond 2^64.</summary>
    public static bool TryParse(string text, out ulong bytes)
    {
        var unit = Array.FindIndex(s_units, unit => text.EndsWith(unit, StringComparison.Ordinal));
        var digits = unit < 0 ? text : text[..^s_units[unit].Length];
        var shift = 10 * (unit + 1);
        var parsed = ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count);
        bytes = count << shift;
        return parsed && bytes >> shift == count;
    }
}
