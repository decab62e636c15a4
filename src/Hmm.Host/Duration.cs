// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;

namespace Hmm.Host;

/// <summary>Times as people write them: <c>25us</c>, <c>500ms</c>, <c>10s</c>, <c>2min</c>, <c>1h</c>.</summary>
internal static class Duration
{
    private static readonly (string Unit, double Milliseconds)[] s_units =
        [("us", 0.001), ("ms", 1), ("s", 1000), ("min", 60_000), ("h", 3_600_000)];

    /// <summary>Reads a whole number and its unit.</summary>
    /// <param name="text">What somebody wrote.</param>
    /// <param name="min">The least that is allowed.</param>
    /// <param name="max">The most.</param>
    /// <param name="time">The time.</param>
    /// <returns>False: it is no time, or not one between the two.</returns>
    public static bool TryParse(string text, TimeSpan min, TimeSpan max, out TimeSpan time)
    {
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        foreach (var (unit, milliseconds) in s_units)
        {
            if (digits > 0 && text.AsSpan(digits).SequenceEqual(unit)
                && uint.TryParse(
                    text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                time = TimeSpan.FromMilliseconds(number * milliseconds);
                return time >= min && time <= max;
            }
        }

        time = default;
        return false;
    }
}
