// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Tidy.Tests.Rules;
using Hmm.Tidy.Tests.Sources;

namespace Hmm.Tidy.Tests;

public sealed class PageTests
{
    [Fact]
    public void EveryPageHasOneTitle() => Hold.Nothing(Repository.Pages.SelectMany(Pages.CheckTitle));

    [Theory]
    [InlineData("no title")]
    [InlineData("# one\n# two")]
    [InlineData("```\n# in a block\n```")]
    public void APageWithoutOneTitleIsFound(string text) =>
        Hold.One(Pages.CheckTitle(new SourceFile("docs/a.md", text)), "a page has one");

    [Fact]
    public void LinksLeadSomewhere() =>
        Hold.Nothing(Repository.Pages.SelectMany(page => Pages.CheckLinks(page, TextOf)));

    [Theory]
    [InlineData("[a](gone.md)", "leads to no file")]
    [InlineData("[a](b.md#gone)", "names no heading")]
    [InlineData("[a](#gone)", "names no heading")]
    [InlineData("[a](../../b.md)", "leads to no file")]
    public void ABrokenLinkIsFound(string text, string words) =>
        Hold.One(Pages.CheckLinks(new SourceFile("docs/guides/a.md", text), Sample), words);

    [Theory]
    [InlineData("[a](b.md#two-words-and-code)")]
    [InlineData("[a](https://example.org/gone)")]
    [InlineData("```text\n[x](gone)\n```")]
    public void AGoodLinkIsNot(string text) =>
        Hold.Nothing(Pages.CheckLinks(new SourceFile("docs/guides/a.md", text), Sample));

    [Fact]
    public void EveryPageIsReachedFromTheReadme() =>
        Hold.Nothing(Pages.CheckReached([.. Repository.Pages], "README.md"));

    [Fact]
    public void APageThatNobodyLinksIsFound() => Hold.One(
        Pages.CheckReached(
            [new SourceFile("README.md", "[a](docs/a.md)"), new("docs/a.md", ""), new("docs/b.md", "")], "README.md"),
        "docs/b.md: no page links here");

    [Fact]
    public void CodeInPagesCompiles() => Hold.Nothing(Repository.Pages.SelectMany(CodeBlocks.Check));

    [Fact]
    public void ThereIsCodeInPages() => Assert.Contains(Repository.Pages, page => Pages.Blocks(page, "csharp").Any());

    [Fact]
    public void CodeThatDoesNotCompileIsFoundWithItsLine() => Hold.One(
        CodeBlocks.Check(new SourceFile("docs/a.md", "# A\n\n```csharp\nvar x = 1;\nConsole.Gone(x);\n```\n")),
        "docs/a.md:5: CS0117");

    private static string? Sample(string path) => path == "docs/guides/b.md" ? "# B\n## Two words, and `code`\n" : null;

    private static string? TextOf(string path)
    {
        var full = Path.Combine(Repository.Root, path);
        return File.Exists(full) ? File.ReadAllText(full) : Directory.Exists(full) ? "" : null;
    }
}
