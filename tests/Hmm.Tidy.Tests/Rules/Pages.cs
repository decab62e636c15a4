// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using System.Text.RegularExpressions;
using Hmm.Tidy.Tests.Sources;

namespace Hmm.Tidy.Tests.Rules;

/// <summary>
/// Documentation: one title a page, links that lead somewhere, and every page reached from the
/// index.
/// </summary>
public static partial class Pages
{
    public static IEnumerable<Violation> CheckTitle(SourceFile page)
    {
        var titles = Prose(page).Count(line => line.Text.StartsWith("# ", StringComparison.Ordinal));
        if (titles != 1)
        {
            yield return new Violation(page.Path, 0, $"{titles} titles (lines with one '#'); a page has one");
        }
    }

    /// <param name="page">The page.</param>
    /// <param name="textOf">
    /// The text of a file at a path from the root; null if there is none; "" for a folder.
    /// </param>
    public static IEnumerable<Violation> CheckLinks(SourceFile page, Func<string, string?> textOf)
    {
        foreach (var (number, text) in Prose(page))
        {
            foreach (Match match in Link().Matches(text))
            {
                var target = match.Groups["target"].Value;
                if (!target.Contains("://", StringComparison.Ordinal) && Broken(page, target, textOf) is { } why)
                {
                    yield return new Violation(page.Path, number, $"the link to '{target}' {why}");
                }
            }
        }
    }

    public static IEnumerable<Violation> CheckReached(IReadOnlyCollection<SourceFile> pages, string start)
    {
        var byPath = pages.ToDictionary(page => page.Path);
        var reached = new HashSet<string>();
        var waiting = new Stack<string>([start]);
        while (waiting.TryPop(out var path))
        {
            if (byPath.TryGetValue(path, out var page) && reached.Add(path))
            {
                foreach (var (_, text) in Prose(page))
                {
                    foreach (Match match in Link().Matches(text))
                    {
                        waiting.Push(Resolve(page.Path, match.Groups["target"].Value.Split('#')[0]));
                    }
                }
            }
        }

        return pages.Where(page => !reached.Contains(page.Path))
            .Select(page => new Violation(page.Path, 0, $"no page links here, from {start} on; link it or delete it"));
    }

    /// <summary>
    /// The fenced blocks of a language, with the line on which their code begins.
    /// </summary>
    public static IEnumerable<(int Line, string Code)> Blocks(SourceFile page, string language)
    {
        StringBuilder? block = null;
        var begun = 0;
        for (var i = 0; i < page.Lines.Count; i++)
        {
            var line = page.Lines[i];
            if (block is null && line.TrimEnd() == "```" + language)
            {
                block = new StringBuilder();
                begun = i + 2;
            }
            else if (block is not null && line.StartsWith("```", StringComparison.Ordinal))
            {
                yield return (begun, block.ToString());
                block = null;
            }
            else
            {
                block?.Append(line).Append('\n');
            }
        }
    }

    private static string? Broken(SourceFile page, string target, Func<string, string?> textOf)
    {
        var parts = target.Split('#', 2);
        var text = parts[0].Length == 0 ? page.Text : textOf(Resolve(page.Path, parts[0]));
        if (text is null)
        {
            return "leads to no file";
        }

        return parts.Length < 2 || Anchors(new SourceFile(parts[0], text)).Contains(parts[1])
            ? null
            : "names no heading of that page";
    }

    private static HashSet<string> Anchors(SourceFile page) => Prose(page)
        .Where(line => Heading().IsMatch(line.Text))
        .Select(line => NotInAnchor().Replace(line.Text.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'))
        .ToHashSet();

    private static string Resolve(string from, string target)
    {
        var folder = Path.GetDirectoryName(from) ?? "";
        var full = Path.GetFullPath(Path.Combine("/", folder, target));
        return full.TrimStart('/').TrimEnd('/');
    }

    /// <summary>The lines outside of fenced blocks.</summary>
    private static IEnumerable<(int Number, string Text)> Prose(SourceFile page)
    {
        var inBlock = false;
        for (var i = 0; i < page.Lines.Count; i++)
        {
            if (page.Lines[i].TrimStart().StartsWith("```", StringComparison.Ordinal))
            {
                inBlock = !inBlock;
            }
            else if (!inBlock)
            {
                yield return (i + 1, page.Lines[i]);
            }
        }
    }

    [GeneratedRegex(@"\[[^\]]*\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#{1,6} ")]
    private static partial Regex Heading();

    // GitHub's rule: lower case, punctuation dropped, spaces to hyphens.
    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();
}
