// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;

namespace Hmm.Core.Modules.Exports;

/// <summary>Counts in messages: "1 symbol", "3 symbols".</summary>
internal static class Plural
{
    public static string Of(int count, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {noun}{(count == 1 ? "" : "s")}");
}
