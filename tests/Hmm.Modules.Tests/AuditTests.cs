// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Modules.Audit;
using Hmm.Core.Modules.Exports;
using Hmm.Core.Modules.Metadata;
using Hmm.Uapi;
using Xunit.Abstractions;

namespace Hmm.Modules.Tests;

/// <summary>The export audit, on the argument of 2018, on small cores, and on our own.</summary>
public sealed class AuditTests(ITestOutputHelper output)
{
    private static readonly string s_argument = Repository.Fixture("DeviceMemory2018.cs");

    [Fact]
    public void TheArgumentOf2018IsFoundWithAllSixAndTheirPaths()
    {
        var report = Audit("Kernel", s_argument);
        var text = new StringWriter();
        report.Write(text);
        output.WriteLine(text.ToString());

        const string add = "Kernel.Devices.DeviceMemory.Add(Kernel.Devices.IFaultAndFreeHooks,System.UInt64)";
        const string ctor = add + " -> Kernel.Devices.DeviceMemory..ctor(System.UInt64)";
        const string pages = ctor + " -> Kernel.Devices.DeviceMemory.CreatePages(System.UInt64,System.UInt64)";
        var finding = Assert.Single(report.Findings, f => f.Kind == AuditKind.NotALeaf && f.Symbol == add);

        // Four GPL-only functions and two that nobody else could call, each by a shortest path, and the hooks.
        string[] expected =
        [
            $"GPL-only   Kernel.Memory.Reference..ctor(): {ctor} -> Kernel.Memory.Reference..ctor()",
            $"GPL-only   Kernel.Classes.ClassRegistry.Create(System.String): {add} -> "
                + "Kernel.Devices.DeviceRegistry.Announce(System.String) -> "
                    + "Kernel.Classes.ClassRegistry.Create(System.String)",
            $"GPL-only   Kernel.Memory.Resources.Intersects(System.UInt64,System.UInt64): {ctor} -> "
                + "Kernel.Devices.DeviceMemory.Claim(System.UInt64) -> "
                    + "Kernel.Memory.Resources.Intersects(System.UInt64,System.UInt64)",
            "unexported Kernel.Virtual.PageWalk.Walk(System.UInt64,System.UInt64,System.Action`1<System.UInt64>): "
                + pages
                + " -> Kernel.Virtual.PageWalk.Walk(System.UInt64,System.UInt64,System.Action`1<System.UInt64>)",
            "GPL-only   Kernel.Devices.IFaultAndFreeHooks: in the signature",
        ];
        Assert.All(expected, line => Assert.Contains(line, finding.Evidence));
        Assert.Contains(
            finding.Evidence,
            l =>
                l.StartsWith(
                    $"GPL-only   Kernel.Virtual.Notifier.UnregisterNoRelease(System.Object): {pages} -> ",
                    StringComparison.Ordinal)
                    && l.Contains("DeviceMemory.OnExit()", StringComparison.Ordinal));
        Assert.Contains(
            finding.Evidence,
            l =>
                l.StartsWith(
                    $"unexported Kernel.Memory.PageAllocator.AllocateForRange(System.UInt64): {pages} -> ",
                    StringComparison.Ordinal)
                    && l.Contains("DeviceMemory.OnFault(System.UInt64)", StringComparison.Ordinal));
        Assert.Contains(
            finding.Evidence, l => l.Contains("IFaultAndFreeHooks.Fault(System.UInt64): ", StringComparison.Ordinal));
        Assert.Contains(
            finding.Evidence, l => l.Contains("IFaultAndFreeHooks.Free(System.UInt64): ", StringComparison.Ordinal));

        Assert.Contains(
            "which promises a stable, generic leaf function. It is none: it wraps 6 GPL-only exports and 2 "
                + "unexported functions, and takes or returns Kernel.Devices.IFaultAndFreeHooks",
            finding.Message,
            StringComparison.Ordinal);
        Assert.Contains("Export it GPL-only, or stop wrapping them.", finding.Message, StringComparison.Ordinal);
        Assert.Equal(1, report.ExitCode);
        Assert.DoesNotContain(report.Findings, f => f.Symbol.Contains("RoundToSection", StringComparison.Ordinal));
    }

    [Fact]
    public void MadeGplOnlyTheSameCodeIsClean()
    {
        var repaired = s_argument.Replace(
            "[ExportSymbol]\n    public sealed class DeviceMemory",
            "[ExportSymbolGpl]\n    public sealed class DeviceMemory",
            StringComparison.Ordinal);

        Assert.NotEqual(s_argument, repaired);
        Assert.Equal(0, Audit("Kernel", repaired).ExitCode);
    }

    [Fact]
    public void TheCoresOwnAuditIsClean()
    {
        var report = ExportAudit.RunFiles(typeof(IModule).Assembly.Location, [], null);
        var text = new StringWriter();
        report.Write(text);
        output.WriteLine(text.ToString());

        Assert.DoesNotContain(report.Findings, f => f.Fails);
        Assert.NotEmpty(report.Exports);
    }

    [Fact]
    public void AJustificationExcusesUnexportedFunctionsButNoGplOnlyOnes()
    {
        const string core = """
            namespace C.A
            {
                [ExportSymbol(Justification = "It only counts.")]
                    public static class Counts { public static int F() => C.B.Hidden.F(); }
                [ExportSymbol(Justification = "It only counts.")]
                    public static class Wraps { public static int F() => C.B.Gpl.F(); }
                [ExportSymbol] public static class Bare { public static int F() => C.B.Hidden.F(); }
            }
            namespace C.B { internal static class Hidden { internal static int F() => 1; }
                [ExportSymbolGpl] public static class Gpl { public static int F() => 1; } }
            """;

        var report = Audit("C", core);

        Assert.Contains(
            "It only counts.",
            Assert.Single(report.Findings, f => f.Kind == AuditKind.Justified).Message,
            StringComparison.Ordinal);
        Assert.Equal(["C.A.Bare.F()", "C.A.Wraps.F()"], report.Findings.Where(f => f.Fails).Select(f => f.Symbol));
    }

    [Fact]
    public void OwnPartAndSupportCodeAreNoReach()
    {
        var report = Audit("C", """
            namespace C { internal static class Support { internal static int F() => 1; } }
            namespace C.A { internal static class Own { internal static int F() => 1; }
                [ExportSymbol] public static class E { public static int F() => Own.F() + Support.F() + Deep.D.F(); } }
            namespace C.A.Deep { internal static class D { internal static int F() => 1; } }
            """);

        Assert.Empty(report.Findings);
    }

    [Fact]
    public void UnusedExportsAreFoundByTheAttributeThatExportsThem()
    {
        const string core = """
            namespace C
            {
                [ExportSymbol] public class Used { public int A => 1; public int B => 2;
                    [ExportSymbol] public int Own() => 3; }
                [ExportSymbol] public class Idle { public int A => 1; }
            }
            """;
        var user = Source.Usings + "public class U { public int F(C.Used u) => u.A; }";

        var report = Audit("C", core, [("User", user)]);

        Assert.Equal(
            ["C.Idle", "C.Used.Own()"], report.Findings.Where(f => f.Kind == AuditKind.Unused).Select(f => f.Symbol));
        Assert.Equal(["User"], report.Exports.Single(e => e.Export.Symbol == "C.Used.get_A()").Consumers);
        Assert.Equal(1, report.ExitCode);
    }

    [Fact]
    public void APlainHookThatNobodyNeedsPlainIsAGplOnlyCandidate()
    {
        const string core = "namespace C { [ExportSymbol] public interface IHook { void H(); } [ExportSymbol] "
            + "public static class E { public static void Add(IHook hook) { } } }";
        var user = Source.Module("GPL", "public class U : C.IHook { public void H() => C.E.Add(this); }");

        var candidate = Assert.Single(Audit("C", core, [("User", user)]).Findings);
        Assert.Equal(AuditKind.GplOnlyCandidate, candidate.Kind);
        Assert.Equal("C.E.Add(C.IHook)", candidate.Symbol);
        Assert.False(candidate.Fails);

        Assert.Empty(
            Audit(
                "C", core, [("User", user.Replace("\"GPL\"", "\"Proprietary\"", StringComparison.Ordinal))]).Findings);
    }

    [Fact]
    public void AChangeSinceTheSavedTableNamesWhoBreaks()
    {
        const string before = """
            namespace C
            {
                [ExportSymbol] public static class Tightened { public static void F() { } }
                [ExportSymbolGpl] public static class Loosened { public static void F() { } }
                [ExportSymbol] public static class Gone { public static void F() { } }
                [ExportSymbol] public static class Moved { public static void F() { } }
                [ExportSymbol] public static class Same { public static void F() { } }
                [ExportSymbol] public static class Other { public static int F() => 1; }
            }
            """;
        var after = before
            .Replace(
                "[ExportSymbol] public static class Tightened",
                "[ExportSymbolGpl] public static class Tightened",
                StringComparison.Ordinal)
            .Replace(
                "[ExportSymbolGpl] public static class Loosened",
                "[ExportSymbol] public static class Loosened",
                StringComparison.Ordinal)
            .Replace("public static class Gone", "internal static class Hidden", StringComparison.Ordinal)
            .Replace(
                "[ExportSymbol] public static class Moved",
                "[ExportSymbol(Namespace = \"N\")] public static class Moved",
                StringComparison.Ordinal)
            .Replace("int F() => 1", "long F() => 1", StringComparison.Ordinal);
        const string uses = "public class U { public void F() { C.Tightened.F(); C.Gone.F(); C.Moved.F(); "
            + "C.Same.F(); C.Other.F(); } }";
        var old = Compiler.Compile("C", Source.Usings + before);
        var table = new StringWriter();
        SymbolVersions.Write(table, Read(old).Exports);
        var users = new[]
        {
            Compiler.Compile("Closed", Source.Module("Proprietary", uses), references: old),
            Compiler.Compile("Free", Source.Module("GPL", uses), references: old),
        };
        using var core = MetadataImage.FromBytes(Compiler.Compile("C", Source.Usings + after));

        var report = ExportAudit.Run(
            core, [.. users.Select(MetadataImage.FromBytes)], SymbolVersions.Read(new StringReader(table.ToString())));

        string Message(string symbol) =>
            Assert.Single(report.Findings, f => f.Kind == AuditKind.Changed && f.Symbol == symbol).Message;
        Assert.Contains(
            "was plain and is GPL-only since the saved table: Closed would break",
            Message("C.Tightened.F()"),
            StringComparison.Ordinal);
        Assert.Contains(
            "was GPL-only and is plain since the saved table: nobody in the tree breaks",
            Message("C.Loosened.F()"),
            StringComparison.Ordinal);
        Assert.Contains(
            "is gone since the saved table: Closed, Free would break", Message("C.Gone.F()"), StringComparison.Ordinal);
        Assert.Contains("moved from namespace '' to 'N'", Message("C.Moved.F()"), StringComparison.Ordinal);
        Assert.Contains("has another signature", Message("C.Other.F()"), StringComparison.Ordinal);
        Assert.DoesNotContain(
            report.Findings, f => f.Kind == AuditKind.Changed && f.Symbol.Contains("Same", StringComparison.Ordinal));
        Assert.Equal(1, report.ExitCode);
    }

    [Fact]
    public void ModulesThatUseReflectionAreNamed()
    {
        var user = Source.Module(
            "GPL", "public class U { public object? F(Pfn p) => typeof(C.E).GetMethod(\"X\")!.Invoke(null, null); }");

        var finding = Assert.Single(
            Audit("C", "namespace C { [ExportSymbol] public static class E { } }", [("User", user)]).Findings);

        Assert.Equal(AuditKind.Reflection, finding.Kind);
        Assert.Equal(["System.Reflection.MethodBase.Invoke", "System.Type.GetMethod"], finding.Evidence);
        Assert.False(finding.Fails);
    }

    [Fact]
    public void TheTableHasFiveTabSeparatedColumnsAndReadsBack()
    {
        var exports = Read(Compiler.Compile("C", Source.Usings + """
            namespace C
            {
                [ExportSymbol] public static class P { }
                [ExportSymbolGpl(Namespace = "N")] public static class Q { }
                [ExportSymbolGpl(AllowedModules = "a,b")] public static class R { }
            }
            """)).Exports;
        var writer = new StringWriter();
        SymbolVersions.Write(writer, exports);

        var lines = writer.ToString().TrimEnd('\n').Split('\n');
        Assert.Matches("^0x[0-9a-f]{8}\tC.P\tC\tEXPORT_SYMBOL\t$", lines[0]);
        Assert.Matches("^0x[0-9a-f]{8}\tC.Q\tC\tEXPORT_SYMBOL_GPL\tN$", lines[1]);
        Assert.Matches("^0x[0-9a-f]{8}\tC.R\tC\tEXPORT_SYMBOL_GPL\tmodule:a,b$", lines[2]);
        var again = new StringWriter();
        SymbolVersions.Write(again, SymbolVersions.Read(new StringReader(writer.ToString())));
        Assert.Equal(writer.ToString(), again.ToString());
    }

    [Theory]
    [InlineData("0x1\tA\tC\tEXPORT_SYMBOL")]
    [InlineData("1\tA\tC\tEXPORT_SYMBOL\t")]
    [InlineData("0xg\tA\tC\tEXPORT_SYMBOL\t")]
    [InlineData("0x1\tA\tC\tEXPORT_SYMBOL_GPL_FUTURE\t")]
    public void ASavedTableOfAnotherShapeIsRefused(string line)
    {
        var error = Assert.Throws<HmmException>(
            () => SymbolVersions.Read(new StringReader("0x1\tA\tC\tEXPORT_SYMBOL\t\n" + line)));

        Assert.Equal(Errno.EINVAL, error.Errno);
        Assert.Contains("Line 2 of the saved table", error.Message, StringComparison.Ordinal);
    }

    private static ExportSurface Read(byte[] core)
    {
        using var image = MetadataImage.FromBytes(core);
        return ExportReader.Read(image, publicMeansExported: true);
    }

    private static AuditReport Audit(string name, string core, (string Name, string Source)[]? users = null)
    {
        var bytes = Compiler.Compile(
            name, core.StartsWith("//", StringComparison.Ordinal) ? core : Source.Usings + core);
        using var image = MetadataImage.FromBytes(bytes);
        var tree = (users ?? []).Select(
            u => MetadataImage.FromBytes(Compiler.Compile(u.Name, u.Source, references: bytes))).ToList();
        return ExportAudit.Run(image, tree, null);
    }
}
