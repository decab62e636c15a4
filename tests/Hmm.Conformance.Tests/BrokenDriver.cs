// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Hmm.Conformance.Tests;

/// <summary>The sample driver, with changes to its source, compiled into a module.</summary>
internal sealed class BrokenDriver : IDisposable
{
    private static readonly Lazy<MetadataReference[]> s_references = new(static () =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(System.IO.Path.PathSeparator)
            .Where(static path => System.IO.Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal))
            .Append(typeof(IModule).Assembly.Location)
            .Append(typeof(Errno).Assembly.Location)
            .Select(static path => MetadataReference.CreateFromFile(path)),
    ]);

    private readonly string _folder = Directory.CreateTempSubdirectory("hmm-conformance-").FullName;

    /// <summary>Compiles one.</summary>
    /// <param name="changes">What is replaced by what; each must be found, or the driver would not be broken.</param>
    public BrokenDriver(params (string Good, string Bad)[] changes)
    {
        var source = File.ReadAllText(System.IO.Path.Combine(AppContext.BaseDirectory, "ByteArrayDriver.cs.txt"));
        foreach (var (good, bad) in changes)
        {
            Assert.Contains(good, source, StringComparison.Ordinal);
            source = source.Replace(good, bad, StringComparison.Ordinal);
        }

        var compilation = CSharpCompilation.Create(
            "ByteArrayDriver",
            [CSharpSyntaxTree.ParseText("using System.IO; using System.Threading; using System.Linq;\n" + source)],
            s_references.Value,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        Path = System.IO.Path.Combine(_folder, "ByteArrayDriver.dll");
        var result = compilation.Emit(Path);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
    }

    public string Path { get; }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
