// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Immutable;
using Hmm.Analyzers;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Hmm.Modules.Tests;

/// <summary>The analyzer says at build time what the loader and the audit say later.</summary>
public sealed class AnalyzerTests
{
    private static readonly ImmutableArray<DiagnosticAnalyzer> s_analyzers =
        [new ExportClassAnalyzer(), new ModuleAnalyzer(), new WrapAnalyzer()];

    [Fact]
    public async Task Hmm0001APublicTypeOfTheCoreWithoutAClass() => Expect(
        await Core(
            "namespace C { public class Naked { public void M() { } } internal class Hidden { } [ExportSymbol] "
                + "public class Dressed { public class Nested { } } }"),
        "HMM0001: 'C.Naked' is public and so exported, but has no class: add [ExportSymbol] or [ExportSymbolGpl], "
            + "or make it internal");

    [Fact]
    public async Task Hmm0002TwoClasses() => Expect(
        await Core(
            "namespace C { [ExportSymbol, ExportSymbolGpl] public class Both { } [ExportSymbol] public class One { "
                + "[ExportSymbolGpl] public void M() { } } }"),
        "HMM0002: 'C.Both' is exported plainly and GPL-only: leave one of the two");

    [Theory]
    [InlineData("call", "public static int F() => Gpl.F();", "E.F() -> Gpl.F()")]
    [InlineData("helper", "public static int F() => G(); static int G() => Gpl.F();", "E.F() -> E.G() -> Gpl.F()")]
    [InlineData("lambda", "public static Func<int> F() { Func<int> f = () => Gpl.F(); return f; }", "E.F() -> Gpl.F()")]
    [InlineData("method group", "public static object F() { Func<int> f = Gpl.F; return f; }", "E.F() -> Gpl.F()")]
    [InlineData(
        "interface",
        "public static int F(I i) => i.G(); public interface I { int G(); } class C : I { public int G() => "
            + "Gpl.F(); }",
        "E.F(E.I) -> E.I.G() -> E.C.G() -> Gpl.F()")]
    [InlineData(
        "initialiser",
        "public static int F() => s_value; static int s_value = Gpl.F();",
        "E.F() -> E.s_value -> E -> Gpl.F()")]
    public async Task Hmm0003APlainExportThatWrapsAGplOnlyOne(string route, string member, string path)
    {
        const string gpl = "[ExportSymbolGpl] public static class Gpl { public static int F() => 1; }";
        var found = await Core($"namespace C {{ {gpl} [ExportSymbol] public static class E {{ {member} }} }}");

        Assert.True(
            found.Any(
                d =>
                    d.StartsWith("HMM0003: 'C.E.F(", StringComparison.Ordinal)
                        && d.Contains(path, StringComparison.Ordinal)),
            $"{route}: {string.Join('\n', found)}");
    }

    [Fact]
    public async Task Hmm0003AGplOnlyTypeInAPlainSignature() => Expect(
        await Core(
            "namespace C { [ExportSymbolGpl] public class Gpl { } [ExportSymbol] public static class E { public "
                + "static void F(Gpl[] g) { } } }"),
        "HMM0003: 'C.E.F(C.Gpl[])' is exported plainly but wraps GPL-only 'C.Gpl' (in its signature): export it "
            + "GPL-only");

    [Fact]
    public async Task Hmm0003AModulesPlainExportThatHandsAGplOnlyOneOn() => Expect(
        await Module(
            "GPL",
            "[ExportSymbol] public static class Shim { public static void F(object o) => "
                + "((CopyBatch)o).CompleteAll(); }"),
        "HMM0003: 'Shim.F(object)' is exported plainly but wraps GPL-only "
            + "'Hmm.Core.Devices.CopyBatch.CompleteAll(Hmm.Uapi.Errno)' (Shim.F(object) -> "
                + "CopyBatch.CompleteAll(Errno)): export it GPL-only");

    [Fact]
    public async Task Hmm0004APlainExportThatReachesAnotherPart()
    {
        const string core = """
            namespace Hmm.Core.A
            {
                [ExportSymbol] public static class Bare { public static int F() => Hmm.Core.B.Hidden.F(); }
                [ExportSymbol(Justification = "It only counts.")]
                    public static class Counts { public static int F() => Hmm.Core.B.Hidden.F(); }
                [ExportSymbol] public static class Own { public static int F() => Helper.F() + Hmm.Core.Support.F(); }
                internal static class Helper { internal static int F() => 1; }
            }
            namespace Hmm.Core.B { internal static class Hidden { internal static int F() => 1; } }
            namespace Hmm.Core { internal static class Support { internal static int F() => 1; } }
            """;
        var found = Assert.Single(await Core(core));
        Assert.Contains(
            "HMM0004: 'Hmm.Core.A.Bare.F()' is exported plainly but wraps 'Hmm.Core.B.Hidden.F()'",
            found,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("public CopyBatch? F;")]
    [InlineData("public void G(object o) => ((CopyBatch)o).CompleteAll();")]
    [InlineData("public void G(ModuleContext c) => c.RegisterDriver(null!);")]
    [InlineData(
        "public class C : IDisposable, IDriverDevice2 { public void Dispose() { } } public interface "
            + "IDriverDevice2 : IDeviceMemoryOps2 { } public interface IDeviceMemoryOps2 { } public Type T => "
            + "typeof(IDriverDevice);")]
    [InlineData("public void G(CopySegment s) { }")]
    public async Task Hmm0005AGplOnlyExportInAProprietaryModule(string member)
    {
        var source = $"public class U {{ {member} }}";

        Assert.Contains(
            await Module("Proprietary", source),
            d =>
                d.StartsWith("HMM0005: ", StringComparison.Ordinal)
                    && d.Contains("licence \"Proprietary\" is not one of the six", StringComparison.Ordinal));
        Assert.Empty(await Module("GPL", source));
    }

    [Fact]
    public async Task Hmm0006ANamespaceThatIsNotImportedAndAListThatDoesNotNameTheModule()
    {
        var library = Compiler.Compile("Lib", Source.Module("GPL", """
            [ExportSymbol(Namespace = "LIB")] public static class Lib { public static int F() => 1; }
            [ExportSymbolGpl(AllowedModules = "Friend")] public static class ForFriends { public static int F() => 1; }
            """));
        const string user = "public class U { public int A() => Lib.F(); public int B() => ForFriends.F(); }";

        var found = await Module("GPL", user, references: library);
        Assert.Contains("HMM0006: 'Lib.F()' cannot be used here: add [assembly: ImportNamespace(\"LIB\")]", found);
        Assert.Contains("HMM0006: 'ForFriends.F()' cannot be used here: it is exported to Friend only", found);

        Assert.Empty(await Module("GPL", user, "[assembly: ImportNamespace(\"LIB\")]", "Friend", library));
    }

    [Theory]
    [InlineData("GPLv2", "GPL v2")]
    [InlineData("gpl", "GPL")]
    public async Task Hmm0007AMisspelledLicence(string licence, string meant) =>
        Assert.Contains(
            await Module(licence, ""),
            d =>
                d.StartsWith("HMM0007: ", StringComparison.Ordinal)
                    && d.Contains($"did you mean \"{meant}\"?", StringComparison.Ordinal));

    [Fact]
    public async Task Hmm0007AProprietaryLicenceIsNoMisspelling() => Assert.Empty(await Module("Proprietary", ""));

    [Fact]
    public async Task Hmm0008WhatAnotherModuleDoesNotExport()
    {
        var library = Compiler.Compile(
            "Lib", Source.Module("GPL", "public static class Lib { public static int F() => 1; }"));

        Assert.Contains(
            "HMM0008: 'Lib.F()' is not exported by Lib: the loader would not find it",
            await Module("GPL", "public class U { public int A() => Lib.F(); }", references: library));
    }

    [Fact]
    public async Task Hmm0009AnAssemblyThatIsOnlyHalfAModule()
    {
        const string entry = "public class E : IModule { public void Init(ModuleContext c) { } public void Exit() "
            + "{ } }";
        const string attribute = "[assembly: Module(\"GPL\", \"A\", \"D\")]";

        Expect(
            await Run(Compiler.Create("M", [Source.Usings + entry])),
            "HMM0009: This assembly would not load as a module: it has no [assembly: Module(license, author, "
                + "description)]");
        Expect(
            await Run(Compiler.Create("M", [Source.Usings + attribute])),
            "HMM0009: This assembly would not load as a module: none of its classes implements IModule");
        Expect(
            await Run(
                Compiler.Create(
                    "M",
                    [
                        Source.Usings
                            + attribute
                            + entry
                            + entry.Replace("class E", "class E2", StringComparison.Ordinal)])),
            "HMM0009: This assembly would not load as a module: more than one of its classes implements IModule");
    }

    [Fact]
    public async Task TheArgumentOf2018IsFoundAtBuildTime()
    {
        var found = await Core(
            Repository.Fixture("DeviceMemory2018.cs").Replace(
                "Kernel.", "Hmm.Core.", StringComparison.Ordinal));

        string[] wrapped =
        [
            "GPL-only 'Hmm.Core.Memory.Reference.Reference()'",
            "GPL-only 'Hmm.Core.Memory.Resources.Intersects(ulong, ulong)'",
            "GPL-only 'Hmm.Core.Classes.ClassRegistry.Create(string)'",
            "GPL-only 'Hmm.Core.Virtual.Notifier.UnregisterNoRelease(object)'",
            "'Hmm.Core.Memory.PageAllocator.AllocateForRange(ulong)', which another part",
            "'Hmm.Core.Virtual.PageWalk.Walk(ulong, ulong, System.Action<ulong>)', which another part",
        ];
        Assert.All(
            wrapped,
            w =>
                Assert.Contains(
                    found,
                    d =>
                        d.Contains("DeviceMemory.Add(", StringComparison.Ordinal)
                            && d.Contains(w, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task AnAssemblyThatDoesNotUseTheCoreIsLeftAlone() =>
        Assert.Empty(await Run(Compiler.Create("Other", ["public class C { public void M() { } }"])));

    [Fact]
    public void EveryRuleHasAPage()
    {
        foreach (var rule in s_analyzers.SelectMany(a => a.SupportedDiagnostics))
        {
            var page = Repository.Read(rule.HelpLinkUri.Split('/'));
            Assert.StartsWith($"# {rule.Id}: ", page, StringComparison.Ordinal);
        }

        Assert.Equal(
            Enumerable.Range(1, 9).Select(i => $"HMM{i:0000}"),
            s_analyzers.SelectMany(a => a.SupportedDiagnostics).Select(d => d.Id).Order());
    }

    private static void Expect(IReadOnlyList<string> found, params string[] expected) => Assert.Equal(expected, found);

    /// <summary>Compiles code as a core: with the real attributes in the same assembly.</summary>
    private static Task<IReadOnlyList<string>> Core(string code)
    {
        string[] files = [
            "ExportSymbolAttribute.cs",
            "ExportSymbolGplAttribute.cs",
            "ExportTargets.cs",
            "ModuleAttribute.cs",
            "ModuleContract.cs",
            "IModule.cs"];
        var sources = files.Select(f => Repository.Read("src", "Hmm.Core", "Modules", f))
            .Append(
                "global using System; global using Hmm.Core.Modules; namespace Hmm.Core.Modules { [ExportSymbol] "
                    + "public class ModuleContext { } }")
            .Append(code);
        var compilation = Compiler.Create("Hmm.Core", sources);
        return Run(
            compilation.RemoveReferences(
                compilation.References.Where(r => r.Display!.EndsWith("Hmm.Core.dll", StringComparison.Ordinal))));
    }

    private static Task<IReadOnlyList<string>> Module(
        string licence, string code, string assembly = "", string name = "M", params byte[][] references) =>
        Run(Compiler.Create(name, [Source.Module(licence, code, assembly)], references: references));

    private static async Task<IReadOnlyList<string>> Run(CSharpCompilation compilation)
    {
        Assert.Empty(compilation.GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error));
        var found = await compilation.WithAnalyzers(s_analyzers).GetAnalyzerDiagnosticsAsync();
        return [
            .. found.Select(
                d =>
                    $"{d.Id}: {d.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}")
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];
    }
}
