// SPDX-License-Identifier: GPL-2.0-or-later
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Hmm.Tidy.Tests.Sources;

/// <summary>
/// One text file of the repository. Rules take it and nothing else, so a sample in a test is one
/// too.
/// </summary>
public sealed class SourceFile
{
    private readonly Lazy<SyntaxNode> _syntax; // immutable

    public SourceFile(string path, string text)
    {
        Path = path;
        Text = text;
        Lines = text.ReplaceLineEndings("\n").Split('\n');
        _syntax = new Lazy<SyntaxNode>(
            () => CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Preview)).GetRoot());
    }

    /// <summary>From the repository's root, with forward slashes.</summary>
    public string Path { get; }

    public string Text { get; }

    public IReadOnlyList<string> Lines { get; }

    /// <summary>
    /// The folder that names the project: <c>src/Hmm.Core</c>. Empty for a file in the root.
    /// </summary>
    public string Project => string.Join('/', Path.Split('/').SkipLast(1).Take(2));

    /// <summary>The project's name: <c>Hmm.Core</c>.</summary>
    public string ProjectName => Project.Split('/')[^1];

    /// <summary>The first folder: <c>src</c>.</summary>
    public string Area => Path.Split('/')[0];

    public bool IsCSharp => Path.EndsWith(".cs", StringComparison.Ordinal);

    /// <summary>Parsed by the compiler that builds the repository.</summary>
    public SyntaxNode Syntax => _syntax.Value;

    /// <summary>The line, from 1, on which something begins.</summary>
    public static int LineOf(SyntaxNode node) => node.GetLocation().GetLineSpan().StartLinePosition.Line + 1;

    /// <summary>The line, from 1, on which something begins.</summary>
    public static int LineOf(SyntaxToken token) => token.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
}
