// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.Json;

namespace Hmm.Cli.Reports;

/// <summary>Values of enumerations as tables show them.</summary>
internal static class Words
{
    /// <summary>
    /// <c>FilePrivate</c> as <c>file-private</c>; a value that this version does not know as its
    /// number.
    /// </summary>
    internal static string Of<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());
}
