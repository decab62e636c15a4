// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Bench.Patterns;

/// <summary>What follows from a pattern alone.</summary>
internal static class PatternFacts
{
    /// <summary>How each is written on a command line and in a result.</summary>
    internal static string Name(this AccessPattern pattern) => pattern.ToString().ToLowerInvariant();

    internal static bool TryParse(string name, out AccessPattern pattern)
    {
        foreach (var candidate in Enum.GetValues<AccessPattern>())
        {
            if (candidate.Name() == name)
            {
                pattern = candidate;
                return true;
            }
        }

        pattern = default;
        return false;
    }

    /// <summary>All names, for a sentence.</summary>
    internal static string AllNames() => string.Join(", ", Enum.GetValues<AccessPattern>().Select(Name));

    /// <summary>Walks its slice once, whatever the time limit.</summary>
    internal static bool IsSequential(this AccessPattern pattern) =>
        pattern is AccessPattern.SeqRead or AccessPattern.SeqWrite or AccessPattern.Strided;

    /// <summary>Does a fixed amount of work that is measured as a whole.</summary>
    internal static bool IsPhased(this AccessPattern pattern) =>
        pattern is AccessPattern.Scan or AccessPattern.Sort or AccessPattern.Join;

    /// <summary>Draws its pages one after another, for as long as it is asked to.</summary>
    internal static bool IsDrawn(this AccessPattern pattern) => !pattern.IsSequential() && !pattern.IsPhased();

    /// <summary>Whether it writes, given the share of draws that are writes.</summary>
    internal static bool Writes(this AccessPattern pattern, double writeFraction) => pattern switch
    {
        AccessPattern.RandWrite or AccessPattern.SeqWrite or AccessPattern.Sort or AccessPattern.Join => true,
        AccessPattern.RandRw or AccessPattern.Zipf or AccessPattern.Hot => writeFraction > 0,
        _ => false,
    };

    /// <summary>Whether what it leaves differs from what it found in more than word 1 of each page.</summary>
    internal static bool Consumes(this AccessPattern pattern) => pattern is AccessPattern.Sort or AccessPattern.Join;

    /// <summary>The contents that it needs to find.</summary>
    internal static PageContent Content(this AccessPattern pattern) => pattern switch
    {
        AccessPattern.Sort => PageContent.Keys,
        AccessPattern.Join => PageContent.Rows,
        _ => PageContent.Half,
    };
}
