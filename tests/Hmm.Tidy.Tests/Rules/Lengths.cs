// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Tidy.Tests.Sources;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Hmm.Tidy.Tests.Rules;

/// <summary>Files, methods and lines that still fit in a reader's head.</summary>
public static class Lengths
{
    internal const int FileLinesMax = 600;
    internal const int MethodLinesMax = 70;
    internal const int LineColumnsMax = 120;

    public static IEnumerable<Violation> CheckFile(SourceFile file)
    {
        // The last line break ends the last line; it does not begin another.
        var lines = file.Lines[^1].Length == 0 ? file.Lines.Count - 1 : file.Lines.Count;
        if (lines > FileLinesMax)
        {
            yield return new Violation(
                file.Path, 0, $"{lines} lines; split it by concern, {FileLinesMax} is the limit");
        }
    }

    public static IEnumerable<Violation> CheckLines(SourceFile file)
    {
        for (var i = 0; i < file.Lines.Count; i++)
        {
            if (file.Lines[i].Length > LineColumnsMax)
            {
                yield return new Violation(
                    file.Path, i + 1, $"{file.Lines[i].Length} columns; {LineColumnsMax} is the limit");
            }
        }
    }

    public static IEnumerable<Violation> CheckMethods(SourceFile file)
    {
        foreach (var node in file.Syntax.DescendantNodes())
        {
            if (node is not (BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or LocalFunctionStatementSyntax))
            {
                continue;
            }

            // The span leaves the comment above the method out.
            var span = node.GetLocation().GetLineSpan();
            var lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
            if (lines > MethodLinesMax)
            {
                yield return new Violation(
                    file.Path,
                    SourceFile.LineOf(node),
                    $"a method of {lines} lines; keep the control flow and move leaves out, "
                        + $"{MethodLinesMax} is the limit");
            }
        }
    }
}
