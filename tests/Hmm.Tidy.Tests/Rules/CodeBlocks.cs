// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.RegularExpressions;
using Hmm.Tidy.Tests.Sources;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Hmm.Tidy.Tests.Rules;

/// <summary>
/// Compiles the blocks marked <c>csharp</c> of a page against the assemblies that were just built.
/// Each block is a file of its own: top-level statements, or types. A block that ends with a file-scoped namespace and
/// nothing in it begins a file that the page's other blocks continue. Code that is only a sketch is marked <c>text</c>.
/// </summary>
public static partial class CodeBlocks
{
    // What a console project gives a reader without asking: the SDK's implicit usings.
    private const string ImplicitUsings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Threading; global using System.Threading.Tasks;
        """;

    private static readonly CSharpParseOptions ParseOptions = new(LanguageVersion.Latest); // immutable

    private static readonly Lazy<IReadOnlyList<MetadataReference>> References = new(() =>
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
        .Split(Path.PathSeparator)
        .Where(path => !Path.GetFileName(path).StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal))
        .Select(MetadataReference (path) => MetadataReference.CreateFromFile(path))
        .ToList());

    public static IEnumerable<Violation> Check(SourceFile page) =>
        Files(page).SelectMany(file => Compile(page, file.Line, file.Code));

    private static IEnumerable<(int Line, string Code)> Files(SourceFile page)
    {
        var continued = default((int Line, string Code)?);
        foreach (var (line, code) in Pages.Blocks(page, "csharp"))
        {
            if (continued is { } file)
            {
                // Blank lines stand for the text between the blocks, so that errors name the page's lines.
                var gap = line - file.Line - file.Code.Count(static c => c == '\n');
                continued = (file.Line, file.Code + new string('\n', gap) + code);
            }
            else if (NamespaceAtTheEnd().IsMatch(code))
            {
                continued = (line, code);
            }
            else
            {
                yield return (line, code);
            }
        }

        if (continued is { } last)
        {
            yield return last;
        }
    }

    private static IEnumerable<Violation> Compile(SourceFile page, int line, string code)
    {
        var tree = CSharpSyntaxTree.ParseText(code, ParseOptions);
        var hasStatements = tree.GetRoot().ChildNodes().OfType<GlobalStatementSyntax>().Any();
        var options = new CSharpCompilationOptions(
            hasStatements ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary,
            allowUnsafe: true,
            nullableContextOptions: NullableContextOptions.Enable);
        var compilation = CSharpCompilation.Create(
            "page", [CSharpSyntaxTree.ParseText(ImplicitUsings, ParseOptions), tree], References.Value, options);
        return compilation.GetDiagnostics()
            .Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)
            .Select(diagnostic => new Violation(
                page.Path,
                line + diagnostic.Location.GetLineSpan().StartLinePosition.Line,
                $"{diagnostic.Id}: {diagnostic.GetMessage()}"));
    }

    [GeneratedRegex(@"\nnamespace [\w.]+;\s*$")]
    private static partial Regex NamespaceAtTheEnd();
}
