// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Tidy.Tests.Sources;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Hmm.Tidy.Tests.Rules;

/// <summary>One public type a file, in a file of its name, in a namespace of its folder.</summary>
public static class OneTypeAFile
{
    public static IEnumerable<Violation> Check(SourceFile file)
    {
        if (file.Area == "samples")
        {
            yield break; // A sample is one file that is read from top to bottom, as its guide shows it.
        }

        var types = file.Syntax.DescendantNodes()
            .OfType<MemberDeclarationSyntax>()
            .Where(node => node is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax
                && node.Parent is BaseNamespaceDeclarationSyntax or CompilationUnitSyntax)
            .ToList();
        foreach (var extra in types.Where(type => type.Modifiers.Any(SyntaxKind.PublicKeyword)).Skip(1))
        {
            yield return new Violation(
                file.Path,
                SourceFile.LineOf(extra),
                $"'{NameOf(extra)}' is a second public type; give it a file of its own");
        }

        // `PageTable.Scan.cs` holds a part of PageTable. The kernel's structures stand together,
        // under their own names.
        var name = Path.GetFileName(file.Path).Split('.')[0];
        var isInterop = file.Path.StartsWith("src/Hmm.Linux/Interop/", StringComparison.Ordinal);
        if (types.Count > 0 && !isInterop && !types.Exists(type => NameOf(type) == name))
        {
            yield return new Violation(file.Path, 0, $"no type of this file is named '{name}'; rename one of them");
        }
    }

    public static IEnumerable<Violation> CheckNamespace(SourceFile file)
    {
        var declared = file.Syntax.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>().FirstOrDefault();
        if (declared is null)
        {
            yield break;
        }

        var folders = file.Path.Split('/').Skip(1).SkipLast(1);
        var expected = string.Join('.', folders);
        var actual = declared.Name.ToString();
        // Outside of src and tests a folder is named NAME and its project Hmm.Something.NAME.
        var matches = file.Area is "src" or "tests"
            ? actual == expected
            : ("." + actual).EndsWith("." + expected, StringComparison.Ordinal);
        if (!matches)
        {
            yield return new Violation(
                file.Path,
                SourceFile.LineOf(declared),
                $"namespace {actual} does not match its folder; it must be {expected}");
        }

        if (declared is not FileScopedNamespaceDeclarationSyntax)
        {
            yield return new Violation(file.Path, SourceFile.LineOf(declared), "use a file-scoped namespace");
        }
    }

    private static string NameOf(MemberDeclarationSyntax type) => type switch
    {
        BaseTypeDeclarationSyntax declaration => declaration.Identifier.Text,
        DelegateDeclarationSyntax declaration => declaration.Identifier.Text,
        _ => "",
    };
}
