// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Modules.Exports;
using Hmm.Core.Modules.Metadata;

namespace Hmm.Modules.Tests;

/// <summary>The core's own exports.</summary>
public sealed class ExportTests
{
    private static readonly ExportSurface s_core = ExportReader.Read(
        MetadataImage.FromLoaded(typeof(IModule).Assembly), publicMeansExported: true);

    [Fact]
    public void EveryPublicMemberOfTheCoreHasExactlyOneClass() => Assert.Empty(s_core.Problems);

    [Fact]
    public void EveryPublicDeclarationOfTheCoreIsInTheTable()
    {
        // Counted by reflection, so that the reader's own idea of "public" is checked by another.
        var types = typeof(IModule).Assembly.GetExportedTypes();
        var symbols = s_core.Exports.Select(e => e.Symbol).ToHashSet();

        Assert.All(types, t => Assert.Contains(t.FullName!.Replace('+', '.'), symbols));
        foreach (var type in types)
        {
            const System.Reflection.BindingFlags all = System.Reflection.BindingFlags.Public |
                System.Reflection.BindingFlags.Instance
                | System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.DeclaredOnly;
            var methods = type.GetMethods(all).Cast<System.Reflection.MethodBase>().Concat(
                type.GetConstructors(all)).Select(m => m.Name).Distinct();
            Assert.All(
                methods,
                m =>
                    Assert.Contains(
                        symbols,
                        s => s.StartsWith($"{type.FullName!.Replace('+', '.')}.{m}", StringComparison.Ordinal)));
        }
    }

    [Theory]
    [InlineData("Hmm.Core.Physical.Pfn", ExportClass.Plain)]
    [InlineData("Hmm.Core.Modules.ModuleContext.OnExit(System.String,System.Action)", ExportClass.Plain)]
    [InlineData("Hmm.Core.Modules.ModuleContext.RegisterDriver(Hmm.Core.Modules.IDeviceDriver)", ExportClass.GplOnly)]
    [InlineData("Hmm.Core.Devices.IDeviceMemoryOps.Fault(Hmm.Core.Devices.CopyBatch)", ExportClass.GplOnly)]
    [InlineData("Hmm.Core.Devices.CopyBatch.Complete(System.Int32,Hmm.Uapi.Errno)", ExportClass.GplOnly)]
    internal void TheClassesFollowTheFactsPage(string symbol, ExportClass expected) =>
        Assert.Equal(expected, s_core.Exports.Single(e => e.Symbol == symbol).Class);

    [Fact]
    public void APublicDeclarationWithoutAClassIsAProblem()
    {
        var surface = Read("""
            public class Naked { public void M() { } internal void Hidden() { } }
            [ExportSymbol] public class Dressed { public void M() { }
                [ExportSymbolGpl] public int P { get; set; } protected class Nested { } }
            [ExportSymbol, ExportSymbolGpl] public enum Both { A }
            [ExportSymbolGpl(Namespace = "N", AllowedModules = "M")] public delegate void Torn();
            internal class Hidden { public void M() { } }
            """);

        Assert.Contains(
            "Naked is public and has no export class: add [ExportSymbol] or [ExportSymbolGpl], or make it internal.",
            surface.Problems);
        Assert.Contains(surface.Problems, p => p.StartsWith("Naked.M() is public", StringComparison.Ordinal));
        Assert.Contains("Both has 2 export classes: leave one.", surface.Problems);
        Assert.Contains("Torn has a namespace and a list of modules: leave one.", surface.Problems);
        Assert.DoesNotContain(
            surface.Problems,
            p => p.Contains("Hidden", StringComparison.Ordinal) || p.Contains("Dressed", StringComparison.Ordinal));
        Assert.Equal(ExportClass.GplOnly, surface.Exports.Single(e => e.Symbol == "Dressed.set_P(System.Int32)").Class);
        Assert.Equal("Dressed.P", surface.Exports.Single(e => e.Symbol == "Dressed.set_P(System.Int32)").Unit);
        Assert.Equal("Dressed", surface.Exports.Single(e => e.Symbol == "Dressed.M()").Unit);
        Assert.Contains(surface.Exports, e => e.Symbol == "Dressed.Nested");
    }

    [Fact]
    public void TheVersionChangesWithTheSignatureOnly()
    {
        uint Version(string code, string symbol) => Read(code).Exports.Single(e => e.Symbol == symbol).Version;

        var before = Version("[ExportSymbol] public class C { public int M(int a) => a; }", "C.M(System.Int32)");
        Assert.Equal(
            before,
            Version(
                "[ExportSymbol] public class C { public int M(int b) => b + 1; public void N() { } }",
                "C.M(System.Int32)"));
        Assert.NotEqual(
            before, Version("[ExportSymbol] public class C { public long M(int a) => a; }", "C.M(System.Int32)"));
        Assert.NotEqual(
            Version("[ExportSymbol] public struct S { public int A; }", "S"),
            Version("[ExportSymbol] public struct S { public long A; }", "S"));
    }

    [Fact]
    public void TheChecksumIsThatOfTheStandard() => Assert.Equal(0xcbf43926u, Crc32.Of("123456789"));

    private static ExportSurface Read(string code)
    {
        using var image = MetadataImage.FromBytes(Compiler.Compile("Surface", Source.Usings + code));
        return ExportReader.Read(image, publicMeansExported: true);
    }
}
