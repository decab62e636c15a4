// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Modules.Tests;

/// <summary>
/// Every route by which a module can reach a GPL-only export is seen: a proprietary one is refused
/// on each.
/// </summary>
public sealed class ReferenceTests : IDisposable
{
    /// <summary>Exports of every shape, GPL-only, and plain types around some of them.</summary>
    private const string Library = """
        [ExportSymbolGpl] public class Guarded
        {
            public static int Field;
            public int Property { get; set; }
            public event Action? Event { add { } remove { } }
            public static T Generic<T>(T value) => value;
            public class Nested { public static void Touch() { } }
        }
        [ExportSymbolGpl] public class GuardedList<T> { public T? First; public static void Add(T value) { } }
        [ExportSymbolGpl] public delegate int GuardedDelegate(int value);
        [ExportSymbolGpl] public enum GuardedEnum { A, B }
        [ExportSymbolGpl] [AttributeUsage(AttributeTargets.All)] public class GuardedAttribute : Attribute { }
        [ExportSymbolGpl] public interface IGuarded { void Call(); }

        [ExportSymbol] public class Open
        {
            [ExportSymbolGpl] public static int Inherited() => 1;
            [ExportSymbolGpl] public virtual void Hook() { }
            [ExportSymbolGpl] protected void ForHeirs() { }
            [ExportSymbolGpl] public int Property { get; set; }
            public int Plain { get; [ExportSymbolGpl] set; }
        }
        [ExportSymbol] public interface IOpen { void Fine(); [ExportSymbolGpl] void Hook(); }
        [ExportSymbol] [AttributeUsage(AttributeTargets.All)] public class OpenAttribute : Attribute
        {
            public OpenAttribute(Type? type = null) { }
            [ExportSymbolGpl] public int Number { get; set; }
        }
        """;

    private readonly LoaderFixture _fixture = new();

    public ReferenceTests()
    {
        _fixture.Load("Lib", Source.Module("GPL", Library));
    }

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("static field", "public int F() => Guarded.Field;", "Guarded.Field")]
    [InlineData("property", "public int F(Guarded g) => g.Property;", "Guarded.get_Property()")]
    [InlineData("event", "public void F(Guarded g) { g.Event += null; }", "Guarded.add_Event(System.Action)")]
    [InlineData("generic method", "public int F() => Guarded.Generic<int>(1);", "Guarded.Generic``1(!!0)")]
    [InlineData("nested type", "public void F() => Guarded.Nested.Touch();", "Guarded.Nested.Touch()")]
    [InlineData("generic type", "public void F() => GuardedList<int>.Add(1);", "GuardedList`1.Add(!0)")]
    [InlineData("generic argument", "public List<Guarded>? F;", "Guarded (GPL-only)")]
    [InlineData("array element", "public Guarded[][]? F;", "Guarded (GPL-only)")]
    [InlineData("generic constraint", "public void F<T>() where T : IGuarded { }", "IGuarded (GPL-only)")]
    [InlineData("parameter", "public void F(in GuardedEnum e) { }", "GuardedEnum (GPL-only)")]
    [InlineData(
        "delegate", "public GuardedDelegate F() => x => x;", "GuardedDelegate..ctor(System.Object,System.IntPtr)")]
    [InlineData("attribute", "[Guarded] public int F;", "GuardedAttribute..ctor()")]
    [InlineData("typeof", "public Type F() => typeof(Guarded);", "Guarded (GPL-only)")]
    [InlineData("base class", "public class C : Guarded { }", "Guarded..ctor()")]
    [InlineData("interface", "public class C : IGuarded { void IGuarded.Call() { } }", "IGuarded.Call()")]
    [InlineData("method of a plain type", "public int F() => Open.Inherited();", "Open.Inherited()")]
    [InlineData("inherited member", "public class C : Open { public void G() => ForHeirs(); }", "Open.ForHeirs()")]
    [InlineData(
        "inherited static member",
        "public class C : Open { } public int F() => C.Inherited();",
        "Open.Inherited()")]
    [InlineData("override", "public class C : Open { public override void Hook() { } }", "Open.Hook()")]
    [InlineData(
        "member of a plain interface",
        "public class C : IOpen { public void Fine() { } public void Hook() { } }",
        "IOpen.Hook()")]
    [InlineData("own interface that extends it", "public interface I : IOpen { }", "IOpen.Hook()")]
    [InlineData(
        "property of a plain type", "public void F(Open o) => o.Property = 1;", "Open.set_Property(System.Int32)")]
    [InlineData("setter of a plain property", "public void F(Open o) => o.Plain = 1;", "Open.set_Plain(System.Int32)")]
    [InlineData("method group", "public Func<int> F() => Open.Inherited;", "Open.Inherited()")]
    [InlineData("function pointer", "public unsafe delegate*<int> F() => &Open.Inherited;", "Open.Inherited()")]
    [InlineData("lambda", "public Func<int> F() => () => Open.Inherited();", "Open.Inherited()")]
    [InlineData("iterator", "public IEnumerable<int> F() { yield return Open.Inherited(); }", "Open.Inherited()")]
    [InlineData("type in an attribute", "[Open(typeof(Guarded))] public int F;", "Guarded (GPL-only)")]
    [InlineData(
        "nested type in an attribute",
        "[Open(typeof(List<Guarded.Nested[]>))] public int F;",
        "Guarded.Nested (GPL-only)")]
    [InlineData("named argument", "[Open(Number = 1)] public int F;", "OpenAttribute.set_Number(System.Int32)")]
    public void IsSeen(string route, string member, string symbol)
    {
        var error = _fixture.Refused(
            Errno.ENOENT, "Closed", Source.Module("Proprietary", $"public class User {{ {member} }}"), "Lib");

        Assert.True(error.Message.Contains(symbol, StringComparison.Ordinal), $"{route}: {error.Message}");
    }

    [Theory]
    [InlineData("public int F(Open o) => o.Plain;")]
    [InlineData("public Open F() => new Open();")]
    [InlineData("[Open] public string F(Open o) => o.ToString() + o.GetHashCode();")]
    [InlineData("public class C : Open { public new int Plain; }")]
    public void APlainRouteIsOpen(string member) =>
        _fixture.Load("Closed", Source.Module("Proprietary", $"public class User {{ {member} }}"), "Lib");

    [Fact]
    public void TheSameRoutesAreOpenToAGplModule()
    {
        var module = _fixture.Load(
            "Free", Source.Module(
                "GPL",
                "public class C : Open { public override void Hook() { } [Guarded] public Guarded[]? G; }"), "Lib");

        Assert.Contains("Open.Hook()", module.Uses);
        Assert.Equal(["Lib"], module.Dependencies);
    }

    [Fact]
    public void AForwardedTypeIsAReference()
    {
        var error = _fixture.Refused(
            Errno.ENOENT, "Closed", Source.Module(
                "Proprietary", assembly: "[assembly: TypeForwardedTo(typeof(Guarded))]"), "Lib");

        Assert.Contains("Guarded (GPL-only)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMemberNamedOnAnOwnTypeIsFoundInItsBase()
    {
        // Compiled against a base without the override, C# names the method on the type that this assembly saw it in.
        var error = _fixture.Refused(
            Errno.ENOENT,
            "Closed",
            Source.Module(
                "Proprietary",
                "public class Middle : Open { } public class C : Middle { public void G() => base.ForHeirs(); }"),
            "Lib");

        Assert.Contains("Open.ForHeirs()", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAssemblyBesideAProprietaryModuleIsJudgedWithIt()
    {
        var helper = Compiler.Compile(
            "Helper",
            Source.Usings + "public static class Helper { public static void F(CopyBatch b) => b.CompleteAll(); }");
        _fixture.Write("Helper", helper);
        var module = Compiler.Compile(
            "Closed", Source.Module(
                "Proprietary", "public class C { public void G() => Helper.F(null!); }"), references: helper);

        var error = _fixture.Refused(Errno.ENOENT, _fixture.Write("Closed", module));

        Assert.Contains("CopyBatch.CompleteAll", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAssemblyBesideAModuleIsLoadedWithIt()
    {
        var helper = Compiler.Compile(
            "Helper", "public static class Helper { public static string Text() => \"from the helper\"; }");
        _fixture.Write("Helper", helper);
        var module = Compiler.Compile(
            "Free", Source.Module("GPL", init: "context.Log(Helper.Text());"), references: helper);

        _fixture.Loader.Load(_fixture.Write("Free", module));

        Assert.Equal(["Lib: init", "Free: init", "Free: from the helper"], _fixture.Log);
    }

    [Fact]
    public void AReferenceToTheHostIsRefused()
    {
        var host = Compiler.Compile("Hmm.Host", "public static class Host { public static void F() { } }");
        var module = Compiler.Compile(
            "Free", Source.Module("GPL", "public class C { public void G() => Host.F(); }"), references: host);

        var error = _fixture.Refused(Errno.ENOENT, _fixture.Write("Free", module));

        Assert.Contains("it references Hmm.Host, which modules cannot see", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFriendsNameDoesNotOpenInternals()
    {
        // The core lets an assembly of this test's name see its internals; the compiler believes
        // the name, the gate does not.
        var error = _fixture.Refused(
            Errno.ENOENT,
            "Hmm.Core.Tests",
            Source.Module(
                "GPL", "public class C { public string F() => Hmm.Core.Modules.TaintLedger.Letters(default); }"));

        Assert.Contains("Hmm.Core.Modules.TaintLedger (internal to Hmm.Core)", error.Message, StringComparison.Ordinal);
        Assert.Contains(
            "TaintLedger.Letters(Hmm.Core.Modules.Taint) (internal to Hmm.Core)",
            error.Message,
            StringComparison.Ordinal);
    }
}
