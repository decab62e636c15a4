// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Uapi;

namespace Hmm.Host;

/// <summary>Sizes as people write them: <c>4096</c>, <c>64KiB</c>, <c>256MiB</c>, <c>1GiB</c>, <c>2TiB</c>.</summary>
internal static class ByteSize
{
    private static readonly string[] s_units = ["KiB", "MiB", "GiB", "TiB"];

    /// <summary>Reads a size.</summary>
    /// <param name="what">The option, for the message.</param>
    /// <param name="text">What was written.</param>
    /// <exception cref="HmmException">EINVAL: it is not a size, or too large.</exception>
    public static ulong Parse(string what, string text)
    {
        var unit = Array.FindIndex(s_units, unit => text.EndsWith(unit, StringComparison.OrdinalIgnoreCase));
        var digits = unit < 0 ? text : text[..^s_units[unit].Length];
        var shift = 10 * (unit + 1);
        if (!ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count << shift >> shift != count)
        {
            throw new HmmException(Errno.EINVAL, $"{what} must be a size such as 256MiB or 1GiB, and '{text}' is not.");
        }

        return count << shift;
    }
}
