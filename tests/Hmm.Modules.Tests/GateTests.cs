// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Modules.Exports;
using Hmm.Uapi;

namespace Hmm.Modules.Tests;

/// <summary>The licence gate: who may use what, on compiled modules.</summary>
public sealed class GateTests : IDisposable
{
    private const string UsesGplOnly = "public class Uses { public Type Get(CopyBatch batch) { "
        + "batch.CompleteAll(); return batch.GetType(); } }";
    private readonly LoaderFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("GPL")]
    [InlineData("GPL v2")]
    [InlineData("GPL and additional rights")]
    [InlineData("Dual BSD/GPL")]
    [InlineData("Dual MIT/GPL")]
    [InlineData("Dual MPL/GPL")]
    public void EachOfTheSixLicencesOpensGplOnlyExports(string licence)
    {
        var module = _fixture.Load("Free", Source.Module(licence, UsesGplOnly));

        Assert.Equal(Taint.None, module.Taint & Taint.Proprietary);
        Assert.Contains("Hmm.Core.Devices.CopyBatch.CompleteAll(Hmm.Uapi.Errno)", module.Uses);
        Assert.Equal(["Free: init"], _fixture.Log);
    }

    [Theory]
    [InlineData("GPLv2", "GPL v2")]
    [InlineData("gpl", "GPL")]
    [InlineData("GPL-2.0-or-later", "GPL")]
    [InlineData("Dual GPL/MIT", null)]
    [InlineData("", null)]
    [InlineData("Proprietary", null)]
    [InlineData(" GPL", "GPL")]
    public void AnyOtherLicenceMakesGplOnlyExportsInvisible(string licence, string? meant)
    {
        var error = _fixture.Refused(Errno.ENOENT, "Closed", Source.Module(licence, UsesGplOnly));

        Assert.Contains(
            "Hmm.Core.Devices.CopyBatch.CompleteAll(Hmm.Uapi.Errno) (GPL-only)",
            error.Message,
            StringComparison.Ordinal);
        Assert.Contains("is not one of the six", error.Message, StringComparison.Ordinal);
        Assert.Equal(meant is not null, error.Message.Contains($"did you mean \"{meant}\"?", StringComparison.Ordinal));
    }

    [Fact]
    public void OneMessageListsAllUnresolvedSymbols()
    {
        var error = _fixture.Refused(Errno.ENOENT, "Closed", Source.Module("Proprietary", """
            public abstract class Hooks : IDeviceMemoryOps
            {
                public abstract void Fault(CopyBatch batch);
                public abstract void Evict(CopyBatch batch);
                public abstract void Free(Pfn first, int frameCount);
                public int Read(in CopySegment segment) => segment.LengthBytes;
            }
            """));

        string[] symbols =
        [
            "Hmm.Core.Devices.IDeviceMemoryOps (GPL-only)",
            "Hmm.Core.Devices.IDeviceMemoryOps.Fault(Hmm.Core.Devices.CopyBatch) (GPL-only)",
            "Hmm.Core.Devices.IDeviceMemoryOps.Evict(Hmm.Core.Devices.CopyBatch) (GPL-only)",
            "Hmm.Core.Devices.IDeviceMemoryOps.Free(Hmm.Core.Physical.Pfn,System.Int32) (GPL-only)",
            "Hmm.Core.Devices.CopyBatch (GPL-only)",
            "Hmm.Core.Devices.CopySegment (GPL-only)",
            "Hmm.Core.Devices.CopySegment.get_LengthBytes() (GPL-only)",
            "7 unresolved symbols",
        ];
        Assert.All(symbols, s => Assert.Contains(s, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("Hmm.Core.Physical.Pfn (", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AProprietaryModuleThatUsesPlainExportsOnlyLoadsAndIsTainted()
    {
        var module = _fixture.Load(
            "Closed", Source.Module("Proprietary", "public class Uses { public Pfn P => Pfn.FromAddress(4096); }"));

        Assert.Equal(Taint.Proprietary, module.Taint & Taint.Proprietary);
        Assert.Equal(Taint.Proprietary, _fixture.Loader.Taints.Current & Taint.Proprietary);
        Assert.Contains('P', _fixture.Loader.Taints.ToString());
    }

    [Fact]
    public void AGplOnlyMemberOfAPlainTypeIsInvisibleByItself()
    {
        var error = _fixture.Refused(
            Errno.ENOENT, "Closed", Source.Module("Proprietary", init: "context.RegisterDriver(null!);"));

        Assert.Contains(
            "ModuleContext.RegisterDriver(Hmm.Core.Modules.IDeviceDriver) (GPL-only)",
            error.Message,
            StringComparison.Ordinal);
        Assert.DoesNotContain("Hmm.Core.Modules.ModuleContext (", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ANamespaceMustBeImported()
    {
        _fixture.Load(
            "Lib",
            Source.Module(
                "GPL",
                """[ExportSymbol(Namespace = "LIB")] public static class Lib { public static int F() => 1; }"""));
        const string user = "public class User { public int G() => Lib.F(); }";

        var error = _fixture.Refused(Errno.EINVAL, "Careless", Source.Module("GPL", user), "Lib");
        Assert.Contains("Lib.F() needs [assembly: ImportNamespace(\"LIB\")]", error.Message, StringComparison.Ordinal);

        _fixture.Load("Careful", Source.Module("GPL", user, """[assembly: ImportNamespace("LIB")]"""), "Lib");
    }

    [Fact]
    public void AnExportForNamedModulesExistsForThoseAndIsGplOnly()
    {
        _fixture.Load(
            "Lib",
            Source.Module(
                "GPL",
                """
                [ExportSymbolGpl(AllowedModules = "Friend, Other")]
                public static class Lib { public static int F() => 1; }
                """));
        const string user = "public class User { public int G() => Lib.F(); }";

        var error = _fixture.Refused(Errno.EINVAL, "Stranger", Source.Module("GPL", user), "Lib");
        Assert.Contains("Lib.F() is exported to Friend, Other only", error.Message, StringComparison.Ordinal);
        _fixture.Refused(Errno.ENOENT, "Other", Source.Module("Proprietary", user), "Lib");
        _fixture.Load("Friend", Source.Module("GPL", user), "Lib");
    }

    [Fact]
    public void ADuplicateExportIsRefused()
    {
        const string export = "namespace Same { [ExportSymbol] public static class Lib { public static int F() => "
            + "1; } }";
        _fixture.Load("First", Source.Module("GPL", export));

        var error = _fixture.Refused(Errno.ENOEXEC, "Second", Source.Module("GPL", export));

        Assert.Contains("Same.Lib.F() (exported by First)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AModuleCannotTakeTheNameOfACoreExport()
    {
        var error = _fixture.Refused(Errno.ENOEXEC, "Impostor", """
            [assembly: Hmm.Core.Modules.Module("GPL", "A", "D")]
            public sealed class E : Hmm.Core.Modules.IModule {
                public void Init(Hmm.Core.Modules.ModuleContext c) { } public void Exit() { } }
            namespace Hmm.Core { [Hmm.Core.Modules.ExportSymbol] public static class Corruption { } }
            """);

        Assert.Contains("Hmm.Core.Corruption (exported by Hmm.Core)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherContractVersionIsRefusedNamingBothAndCanBeForced()
    {
        var path = _fixture.Compile(
            "Old",
            Source.Module("GPL").Replace("\"A test module\"", "\"A test module\", 41", StringComparison.Ordinal));

        var error = _fixture.Refused(Errno.ENOEXEC, path);
        Assert.Contains("contract version 41", error.Message, StringComparison.Ordinal);
        Assert.Contains($"this host has version {ModuleContract.Version}", error.Message, StringComparison.Ordinal);

        Assert.Equal(Taint.Forced, _fixture.Loader.Load(path, force: true).Taint & Taint.Forced);
        Assert.Contains('F', TaintLedger.Letters(_fixture.Loader.Taints.Current));
    }

    [Fact]
    public void WhatIsPublicInAModuleWithoutAClassIsNotExported()
    {
        _fixture.Load("Lib", Source.Module("GPL", "public static class Lib { public static int F() => 1; }"));

        var error = _fixture.Refused(
            Errno.ENOENT, "User", Source.Module("GPL", "public class User { public int G() => Lib.F(); }"), "Lib");

        Assert.Contains("Lib.F() (not exported by Lib)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoClassesOnOneDeclarationAreRefused()
    {
        var error = _fixture.Refused(
            Errno.ENOEXEC, "Both", Source.Module("GPL", "[ExportSymbol, ExportSymbolGpl] public class Both { }"));

        Assert.Contains("Both has 2 export classes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ASymbolThatTheCoreDoesNotHaveIsReportedAsSuch()
    {
        // Compiled against another core: one with a method that this one lacks.
        var other = Compiler.Compile("Hmm.Core", """
            namespace Hmm.Core.Modules
            {
                public class ModuleAttribute : System.Attribute {
                    public ModuleAttribute(string a, string b, string c, int d = 1) { } }
                public class ModuleContext { public void Novelty() { } }
                public interface IModule { void Init(ModuleContext context); void Exit(); }
            }
            """);
        var source = """
            using Hmm.Core.Modules;
            [assembly: Module("GPL", "A", "D")]
            public sealed class E : IModule { public void Init(ModuleContext context) { context.Novelty(); }
                public void Exit() { } }
            """;
        var compilation = Compiler.Create("Newer", [source]);
        var core = compilation.References.Single(r => r.Display!.EndsWith("Hmm.Core.dll", StringComparison.Ordinal));
        var bytes = Compiler.Emit(
            compilation.ReplaceReference(core, Microsoft.CodeAnalysis.MetadataReference.CreateFromImage(other)));

        var error = _fixture.Refused(Errno.ENOENT, _fixture.Write("Newer", bytes));

        Assert.Contains(
            "ModuleContext.Novelty() (Hmm.Core has no such symbol", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GPLv2", "GPL v2")]
    [InlineData("GPL 2", "GPL v2")]
    [InlineData("GPL-2.0-only", "GPL v2")]
    [InlineData("GPLv3", "GPL")]
    [InlineData("dual mit/gpl", "Dual MIT/GPL")]
    [InlineData("MIT/GPL", "Dual MIT/GPL")]
    [InlineData("LGPL", null)]
    [InlineData("MIT", null)]
    [InlineData("GPL", null)]
    public void MisspelledLicencesGetASuggestion(string licence, string? suggestion) =>
        Assert.Equal(suggestion, Licence.Suggest(licence));
}
