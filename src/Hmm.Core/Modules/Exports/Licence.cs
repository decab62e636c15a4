// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Exports;

/// <summary>
/// The licence rule, one for the loader and the analyzer (which compiles this file too): six strings, by exact
/// spelling, count as GPL-compatible, and everything else is proprietary. Linux's <c>license_is_gpl_compatible</c>.
/// </summary>
internal static class Licence
{
    /// <summary>The six.</summary>
    public static readonly string[] Compatible =
    [
        "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
    ];

    /// <summary>The six, for messages.</summary>
    public static string CompatibleText => "\"" + string.Join("\", \"", Compatible) + "\"";

    /// <summary>Whether GPL-only exports exist for a module of this licence.</summary>
    public static bool IsGplCompatible(string licence) => Array.IndexOf(Compatible, licence) >= 0;

    /// <summary>
    /// Which of the six was probably meant, or null where the licence looks like none of them: "GPLv2" means "GPL v2",
    /// while "Proprietary" and "LGPL" mean what they say.
    /// </summary>
    public static string? Suggest(string licence)
    {
        if (IsGplCompatible(licence))
        {
            return null;
        }

        var letters = Letters(licence);
        foreach (var known in Compatible)
        {
            if (Letters(known) == letters)
            {
                return known;
            }
        }

        return letters switch
        {
            "GPL2" or "GPL20" or "GPL20ONLY" or "GPLV20" or "GNUGPLV2" or "GPLVERSION2" => "GPL v2",
            "GPL20ORLATER" or "GPL2ORLATER" or "GPLV2ORLATER" or "GPLV3" or "GPL3" or "GPL30" or "GPL30ORLATER"
                or "GPL30ONLY" or "GNUGPL" => "GPL",
            "GPLBSD" or "BSDGPL" => "Dual BSD/GPL",
            "GPLMIT" or "MITGPL" => "Dual MIT/GPL",
            "GPLMPL" or "MPLGPL" => "Dual MPL/GPL",
            _ => null,
        };
    }

    /// <summary>Says what a licence string means for its module, with help for a misspelling.</summary>
    public static string Explain(string licence)
    {
        if (IsGplCompatible(licence))
        {
            return $"licence \"{licence}\" is GPL-compatible";
        }

        var meant = Suggest(licence);
        var help = meant is null ? "" : $"; did you mean \"{meant}\"?";
        return $"licence \"{licence}\" is not one of the six that count as GPL-compatible ({CompatibleText}){help}";
    }

    private static string Letters(string licence) =>
        new string(Array.FindAll(licence.ToCharArray(), char.IsLetterOrDigit)).ToUpperInvariant();
}
