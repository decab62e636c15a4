// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Hmm.Cli;

/// <summary>
/// Sizes as people write and read them: <c>256MiB</c>, <c>64k</c>, <c>4096</c>. Units are powers of
/// 1024.
/// </summary>
internal static class ByteSize
{
    private const string UnitLetters = "KMGTP";

    /// <summary>Parses a size in bytes.</summary>
    /// <param name="text">
    /// A whole number, then nothing, <c>B</c>, or one of K M G T P, alone or as <c>KiB</c>.
    /// </param>
    /// <param name="bytes">The size; 0 when it is refused.</param>
    /// <param name="error">One sentence that says how to write it, when it is refused.</param>
    internal static bool TryParse(string text, out ulong bytes, [NotNullWhen(false)] out string? error)
    {
        bytes = 0;
        var trimmed = text.Trim();
        var digits = 0;
        while (digits < trimmed.Length && char.IsAsciiDigit(trimmed[digits]))
        {
            digits++;
        }

        var unit = trimmed[digits..].Trim();
        if (digits == 0 || !TryShiftOf(unit, out var shift))
        {
            error = IsDecimalUnit(unit) && digits > 0
                ? $"'{text}' could mean two sizes; write {trimmed[..digits]}{char.ToUpperInvariant(unit[0])}iB."
                : $"'{text}' is not a size; write bytes, or a whole number with a unit, such as 256MiB, 1GiB or 64k.";
            return false;
        }

        if (!ulong.TryParse(trimmed.AsSpan(0, digits), CultureInfo.InvariantCulture, out var number)
            || number > (ulong)long.MaxValue >> shift)
        {
            error = $"'{text}' is larger than any machine; the largest size is 8191PiB.";
            return false;
        }

        bytes = number << shift;
        error = null;
        return true;
    }

    /// <summary>A size with three significant digits: <c>1.50 GiB</c>, <c>812 B</c>.</summary>
    internal static string Format(double bytes)
    {
        var value = bytes;
        var unit = -1;
        // 999.5 would print as 1000; the next unit reads better.
        while (Math.Abs(value) >= 999.5 && unit < UnitLetters.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        var decimals = unit < 0 || value >= 99.95 ? "F0" : value >= 9.995 ? "F1" : "F2";
        var number = value.ToString(decimals, CultureInfo.InvariantCulture);
        return unit < 0 ? $"{number} B" : $"{number} {UnitLetters[unit]}iB";
    }

    private static bool TryShiftOf(string unit, out int shift)
    {
        shift = 0;
        if (unit.Length == 0 || unit.Equals("B", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        var letter = UnitLetters.IndexOf(char.ToUpperInvariant(unit[0]), StringComparison.Ordinal);
        shift = 10 * (letter + 1);
        return letter >= 0 && (unit.Length == 1 || unit[1..].Equals("iB", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>
    /// Whether it reads as <c>MB</c>, which some mean as 10^6 bytes and some as 2^20.
    /// </summary>
    private static bool IsDecimalUnit(string unit) =>
        unit.Length == 2
        && UnitLetters.Contains(char.ToUpperInvariant(unit[0]), StringComparison.Ordinal)
        && unit[1] is 'B' or 'b';
}
