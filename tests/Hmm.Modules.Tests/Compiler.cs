// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using Hmm.Core.Modules;
using Hmm.Uapi;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Hmm.Modules.Tests;

/// <summary>Compiles C# into the bytes of an assembly, in the test's own process.</summary>
internal static class Compiler
{
    private static readonly CSharpParseOptions s_parse = new(LanguageVersion.Preview);
    private static readonly ConcurrentDictionary<string, byte[]> s_cache = new(StringComparer.Ordinal);

    /// <summary>The framework, the core and the boundary.</summary>
    public static IReadOnlyList<MetadataReference> References { get; } =
    [
        .. Framework(),
        MetadataReference.CreateFromFile(typeof(IModule).Assembly.Location),
        MetadataReference.CreateFromFile(typeof(Errno).Assembly.Location),
    ];

    /// <summary>Compiles an assembly; a compiler error fails the test with the compiler's words.</summary>
    public static byte[] Compile(
        string name, string source, Platform platform = Platform.AnyCpu, params byte[][] references)
    {
        var key = $"{name}\0{platform}\0{string.Join(',', references.Select(Convert.ToBase64String))}\0{source}";
        return s_cache.GetOrAdd(key, _ => Emit(Create(name, [source], platform, references)));
    }

    public static CSharpCompilation Create(
        string name, IEnumerable<string> sources, Platform platform = Platform.AnyCpu, params byte[][] references) =>
        CSharpCompilation.Create(
            name,
            sources.Select(s => CSharpSyntaxTree.ParseText(s, s_parse)),
            References.Concat(references.Select(r => MetadataReference.CreateFromImage(r))),
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary,
                allowUnsafe: true,
                platform: platform,
                optimizationLevel: OptimizationLevel.Release,
                nullableContextOptions: NullableContextOptions.Enable));

    public static byte[] Emit(CSharpCompilation compilation)
    {
        using var stream = new MemoryStream();
        var result = compilation.Emit(stream);
        var errors = result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error).ToList();
        Assert.True(result.Success, $"{compilation.AssemblyName} does not compile:\n{string.Join('\n', errors)}");
        return stream.ToArray();
    }

    private static IEnumerable<MetadataReference> Framework()
    {
        var folder = Path.GetDirectoryName(typeof(object).Assembly.Location)! + Path.DirectorySeparatorChar;
        return ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(p => p.StartsWith(folder, StringComparison.Ordinal))
            .Select(p => MetadataReference.CreateFromFile(p));
    }
}
