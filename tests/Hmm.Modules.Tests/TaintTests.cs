// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Modules.Loading;
using Hmm.Uapi;

namespace Hmm.Modules.Tests;

/// <summary>
/// Taints: where they come from, that they stick, that they are inherited, and that no shim gets
/// around them.
/// </summary>
public sealed class TaintTests : IDisposable
{
    private const string PlainLibrary = "[ExportSymbol] public static class Lib { public static int F() => 1; }";
    private const string PlainUser = "public class User { public int G() => Lib.F(); }";
    private readonly LoaderFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void AModuleFromElsewhereIsOutOfTreeAndUnsigned()
    {
        Assert.Equal("Not tainted", _fixture.Loader.Taints.ToString());

        Assert.Equal(Taint.OutOfTree | Taint.Unsigned, _fixture.Load("Mine", Source.Module("GPL")).Taint);

        Assert.Equal("Tainted: OE", _fixture.Loader.Taints.ToString());
    }

    [Fact]
    public void AnInTreeModuleOfKnownHashDoesNotTaint()
    {
        var bytes = Compiler.Compile("Mine", Source.Module("GPL"));
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));
        using var fixture = new LoaderFixture(o => o with
        {
            Folders = [o.Folders[0] with { InTree = true }],
            KnownHashes = new HashSet<string> { hash },
        });

        Assert.Equal(Taint.None, fixture.Loader.Load(fixture.Write("Mine", bytes)).Taint);

        Assert.Equal("Not tainted", fixture.Loader.Taints.ToString());
        Assert.Equal(Taint.Unsigned, fixture.Load("Other", Source.Module("GPL")).Taint);
    }

    [Fact]
    public void TaintsStickAfterTheModuleIsGone()
    {
        _fixture.Load("Closed", Source.Module("Proprietary"));
        _fixture.Loader.Unload("Closed");

        Assert.Equal("Tainted: POE", _fixture.Loader.Taints.ToString());
        Assert.Contains(_fixture.Loader.Taints.Reasons, r => r.Taint == Taint.Proprietary && r.Source == "Closed");
    }

    [Fact]
    public void UsingAProprietaryModulesExportsTaints()
    {
        _fixture.Load("Lib", Source.Module("Proprietary", PlainLibrary));

        var user = _fixture.Load("User", Source.Module("GPL", PlainUser), "Lib");

        Assert.Equal(Taint.Proprietary, user.Taint & Taint.Proprietary);
        Assert.Contains(
            _fixture.Loader.Taints.Reasons,
            r =>
                r.Source == "User"
                    && r.Reason.Contains("it uses exports of proprietary Lib", StringComparison.Ordinal));
    }

    [Fact]
    public void AnInheritedTaintIsInheritedOn()
    {
        _fixture.Load("Lib", Source.Module("Proprietary", PlainLibrary));
        _fixture.Load(
            "Middle",
            Source.Module(
                "GPL", PlainUser + "[ExportSymbol] public static class Middle { public static int F() => 2; }"),
            "Lib");

        var user = _fixture.Load(
            "User", Source.Module("GPL", "public class U { public int G() => Middle.F(); }"), "Middle");

        Assert.Equal(Taint.Proprietary, user.Taint & Taint.Proprietary);
    }

    [Fact]
    public void AModuleThatUsesGplOnlyExportsMayNotUseAProprietaryModules()
    {
        // The shim of the network driver that led to the rule in Linux 5.9: GPL by its tag, it hands what only GPL
        // modules may use to a proprietary module through that module's own exports.
        _fixture.Load(
            "Lib",
            Source.Module("Proprietary", "[ExportSymbol] public static class Lib { public static Action? Hook; }"));

        var error = _fixture.Refused(Errno.ENOENT, "Shim", Source.Module(
            "GPL",
            "public static class Shim { public static void Hand(CopyBatch batch) => Lib.Hook = () => "
                + "batch.CompleteAll(); }"), "Lib");

        Assert.Contains(
            "Lib.Hook (of proprietary module Lib, which a module that uses GPL-only exports may not "
                + "use)", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("direct", "public static void F(object o) => ((CopyBatch)o).CompleteAll();")]
    [InlineData(
        "private helper",
        "public static void F(object o) => G(o); static void G(object o) => H(o); static void H(object o) => "
            + "((CopyBatch)o).CompleteAll();")]
    [InlineData(
        "another export",
        "public static void F(object o) => G(o); public static void G(object o) => ((CopyBatch)o).CompleteAll();")]
    [InlineData("lambda", "public static void F(object o) { Action a = () => ((CopyBatch)o).CompleteAll(); a(); }")]
    [InlineData(
        "iterator",
        "public static void F(object o) { foreach (var i in G(o)) { } } static IEnumerable<int> G(object o) { "
            + "((CopyBatch)o).CompleteAll(); yield return 1; }")]
    [InlineData(
        "async",
        "public static void F(object o) => _ = G(o); static async System.Threading.Tasks.Task G(object o) { "
            + "await System.Threading.Tasks.Task.Yield(); ((CopyBatch)o).CompleteAll(); }")]
    [InlineData(
        "interface",
        "public static void F(object o) => ((I)new C()).G(o); interface I { void G(object o); } class C : I { "
            + "void I.G(object o) => ((CopyBatch)o).CompleteAll(); }")]
    [InlineData(
        "virtual",
        "public static void F(object o) => new C().G(o); class B { public virtual void G(object o) { } } class "
            + "C : B { public override void G(object o) => ((CopyBatch)o).CompleteAll(); }")]
    [InlineData(
        "static constructor",
        "public static void F(object o) => C.Touch(); static class C { static C() { "
            + "((CopyBatch?)null)!.CompleteAll(); } public static void Touch() { } }")]
    public void APlainExportThatWrapsAGplOnlyOneIsGplOnly(string route, string code)
    {
        _fixture.Load(
            "Shim",
            Source.Module(
                "GPL", $"[ExportSymbol] public static class Shim {{ {code} public static int Clean() => 1; }}"));

        _fixture.Load(
            "Clean", Source.Module("Proprietary", "public class U { public int G() => Shim.Clean(); }"), "Shim");
        _fixture.Load("Free", Source.Module("GPL", "public class U { public void G() => Shim.F(null!); }"), "Shim");
        var error = _fixture.Refused(
            Errno.ENOENT,
            "Closed",
            Source.Module("Proprietary", "public class U { public void G() => Shim.F(null!); }"),
            "Shim");

        Assert.True(
            error.Message.Contains(
                "Shim.F(System.Object) (GPL-only, because it wraps a GPL-only export: Shim.F(System.Object) -> ",
                StringComparison.Ordinal)
                && error.Message.Contains(
                    "Hmm.Core.Devices.CopyBatch.CompleteAll(Hmm.Uapi.Errno)", StringComparison.Ordinal),
            $"{route}: {error.Message}");
    }

    [Fact]
    public void LettersComeInLinuxsOrder()
    {
        Assert.Equal(
            "PFWOE",
            TaintLedger.Letters(Taint.Unsigned | Taint.OutOfTree | Taint.Warning | Taint.Forced | Taint.Proprietary));
        Assert.Equal("-", TaintLedger.Letters(Taint.None));
        Assert.Equal(
            1 | 2 | 512 | 4096 | 8192,
            (int)(Taint.Unsigned | Taint.OutOfTree | Taint.Warning | Taint.Forced | Taint.Proprietary));
    }
}
