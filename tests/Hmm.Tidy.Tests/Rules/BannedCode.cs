// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.RegularExpressions;
using Hmm.Tidy.Tests.Sources;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Hmm.Tidy.Tests.Rules;

/// <summary>
/// The list of <see cref="Ban"/>s, and how they are found: on the compiler's tokens.
/// </summary>
public static partial class BannedCode
{
    private static readonly string[] Everywhere = [""];
    private static readonly string[] Shipped = ["src/", "modules/"];
    // All of the core but the module loader, which reads files under a deadline.
    private static readonly string[] Core =
    [
        "src/Hmm.Core/Physical/", "src/Hmm.Core/Devices/", "src/Hmm.Core/Virtual/", "src/Hmm.Core/Migration/",
        "src/Hmm.Core/Policies/",
    ];

    private static readonly string[] Quiet =
        ["src/Hmm.Core/", "src/Hmm.Linux/", "src/Hmm.Uapi/", "src/Hmm/", "modules/"];

    // P/Invoke is for Hmm.Linux; tests and benchmarks may call what they check.
    private static readonly string[] NotLinux =
        ["src/Hmm/", "src/Hmm.Uapi/", "src/Hmm.Core/", "src/Hmm.Host/", "src/Hmm.Cli/", "modules/", "samples/"];

    /// <summary>
    /// A comment on the same line that permits a wait by time in a test: what it stands for.
    /// </summary>
    private const string WaitPermit = "Waits:";

    public static IReadOnlyList<Ban> Bans { get; } =
    [
        new("DllImport", Everywhere, "LibraryImport in Hmm.Linux: no marshalling at run time"),
        new("LibraryImport", NotLinux, "a method of Hmm.Linux, the only project that calls the kernel"),
        new("Thread.Sleep", Everywhere, "wait for the event; in a test that must wait, say why: // " + WaitPermit),
        new("DateTime.Now", Everywhere, "Stopwatch for durations, TimeProvider for the time"),
        new("DateTime.UtcNow", Shipped, "Stopwatch for durations, TimeProvider for the time"),
        new("DateTimeOffset.Now", Everywhere, "Stopwatch for durations, TimeProvider for the time"),
        new("GC.Collect", Shipped, "release what you own; the collector is the application's"),
        new("Console.", Quiet, "throw, or report through an event; only the command line and the host print"),
        new("new OutOfMemoryException", Everywhere, "HmmException with ENOMEM and a sentence"),
        new("Environment.Exit", Shipped, "return the exit code from Main, so that finally blocks run"),
        new("async void", Everywhere, "async Task: an exception of async void ends the process"),
        new("new Thread", Core, "the core has no threads of its own; the host calls it"),
        new("Task.Run", Core, "the core has no threads of its own; the host calls it"),
        new("ThreadPool", Core, "the core has no threads of its own; the host calls it"),
        new("Stopwatch", Core, "the core has no clock: time comes in through its callers"),
        new("Environment.TickCount64", Core, "the core has no clock: time comes in through its callers"),
        new("Random.Shared", Shipped, "a seeded Random that is passed in: the core replays under a seed"),
        new("File.", Core, "the core never sees the system; use a seam"),
        new("Assert.True(true", Everywhere, "an assertion that can fail"),
        new("Fact(Skip", ["tests/"], "skip with the probe's reason: a FactAttribute that sets Skip after probing"),
        new("Theory(Skip", ["tests/"], "skip with the probe's reason: a TheoryAttribute that sets Skip after probing"),
        new("NotImplementedException", Everywhere, "write it, or leave the member out"),
    ];

    public static IEnumerable<Violation> Check(SourceFile file)
    {
        // One space between tokens, none around dots: the form in which bans are written.
        var tokens = file.Syntax.DescendantTokens().ToList();
        var texts = tokens.ConvertAll(token => token.IsKind(SyntaxKind.StringLiteralToken) ? "\"" : token.Text);
        foreach (var ban in Bans.Where(ban => Array.Exists(ban.Where, file.Path.StartsWith)))
        {
            var wanted = Tokens().Matches(ban.Code).Select(match => match.Value).ToList();
            for (var at = 0; at + wanted.Count <= texts.Count; at++)
            {
                if (Matches(texts, at, wanted) && !IsPermitted(file, tokens[at]))
                {
                    yield return new Violation(
                        file.Path, SourceFile.LineOf(tokens[at]), $"{ban.Code}: use {ban.Instead}");
                }
            }
        }
    }

    public static IEnumerable<Violation> CheckRegions(SourceFile file) =>
        from trivia in file.Syntax.DescendantTrivia(descendIntoTrivia: true)
        where trivia.IsKind(SyntaxKind.RegionDirectiveTrivia)
        let line = trivia.GetLocation().GetLineSpan().StartLinePosition.Line + 1
        select new Violation(file.Path, line, "#region: split the file by concern instead");

    /// <summary>
    /// A note about work to do names the issue that holds it, or it is forgotten.
    /// </summary>
    public static IEnumerable<Violation> CheckTodos(SourceFile file)
    {
        for (var i = 0; i < file.Lines.Count; i++)
        {
            if (UnnumberedTodo().IsMatch(file.Lines[i]))
            {
                yield return new Violation(
                    file.Path, i + 1, "a note about work to do without an issue: write it as TO" + "DO(#12)");
            }
        }
    }

    private static bool Matches(List<string> texts, int at, List<string> wanted)
    {
        for (var i = 0; i < wanted.Count; i++)
        {
            if (texts[at + i] != wanted[i])
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsPermitted(SourceFile file, SyntaxToken token) =>
        file.Area is "tests" or "bench"
        && file.Lines[SourceFile.LineOf(token) - 1].Contains(WaitPermit, StringComparison.Ordinal);

    [GeneratedRegex(@"\w+|[^\w\s]")]
    private static partial Regex Tokens();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b(?!\(#\d+\))")]
    private static partial Regex UnnumberedTodo();
}
