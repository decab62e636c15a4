// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Tidy.Tests.Sources;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Hmm.Tidy.Tests.Rules;

/// <summary>
/// Compiles the blocks marked <c>csharp</c> of a page against the assemblies that were just built.
/// Each block is a file of its own: top-level statements, or types. Code that is only a sketch is
/// marked <c>text</c>.
/// </summary>
public static class CodeBlocks
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
        Pages.Blocks(page, "csharp").SelectMany(block => Compile(page, block.Line, block.Code));

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
}
