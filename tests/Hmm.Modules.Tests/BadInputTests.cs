// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;
using Microsoft.CodeAnalysis;

namespace Hmm.Modules.Tests;

/// <summary>What is not a module is refused with a sentence, and nothing of it runs.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly LoaderFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("MZ")]
    [InlineData("this is not an assembly, it is a sentence that happens to stand in a file named .dll")]
    public void NotAnAssembly(string content) =>
        Says(
            "is not a module that can be loaded",
            Errno.ENOEXEC,
            _fixture.Write("Text", System.Text.Encoding.ASCII.GetBytes(content)));

    [Fact]
    public void ANativeLibrary()
    {
        var library = Directory.EnumerateFiles(
            Path.GetDirectoryName(typeof(object).Assembly.Location)!, "libSystem.Native.so").Single();
        Says("is not a module that can be loaded", Errno.ENOEXEC, _fixture.Write("Native", File.ReadAllBytes(library)));
    }

    [Theory]
    [InlineData(Platform.Arm)]
    [InlineData(Platform.X86)]
    public void AnotherArchitecture(Platform platform) =>
        Says(
            "build it for AnyCPU",
            Errno.ENOEXEC,
            _fixture.Write("Other", Compiler.Compile("Other", Source.Module("GPL"), platform)));

    [Fact]
    public void CodeThatIsNotOnlyIl()
    {
        var runtime = typeof(System.Collections.Immutable.ImmutableArray).Assembly.Location;
        Says("IL only", Errno.ENOEXEC, _fixture.Write("System.Collections.Immutable", File.ReadAllBytes(runtime)));
    }

    [Fact]
    public void TruncatedFilesOfEveryLength()
    {
        var whole = Compiler.Compile("Cut", Source.Module("GPL"));
        for (var length = 0; length < whole.Length - 512; length += 37)
        {
            _fixture.Refused(Errno.ENOEXEC, _fixture.Write("Cut", whole[..length]));
        }
    }

    [Fact]
    public void NoModuleAttribute() => Says(
        "it has no [assembly: Module(license, author, description)]",
        Errno.ENOEXEC,
        _fixture.Compile("Plain", "public class C { }"));

    [Fact]
    public void TwoModuleAttributes()
    {
        // The compiler refuses two, a module builder does not have to: compiled against a copy that allows several.
        var copy = Compiler.Compile("Hmm.Core", """
            namespace Hmm.Core.Modules
            {
                [System.AttributeUsage(System.AttributeTargets.Assembly, AllowMultiple = true)]
                public class ModuleAttribute : System.Attribute {
                    public ModuleAttribute(string a, string b, string c, int d = 1) { } }
                public class ModuleContext { }
                public interface IModule { void Init(ModuleContext context); void Exit(); }
            }
            """);
        var compilation = Compiler.Create("Twice", ["""
            using Hmm.Core.Modules;
            [assembly: Module("GPL", "A", "D"), Module("Proprietary", "A", "D")]
            public sealed class E : IModule { public void Init(ModuleContext context) { } public void Exit() { } }
            """]);
        var core = compilation.References.Single(r => r.Display!.EndsWith("Hmm.Core.dll", StringComparison.Ordinal));
        var bytes = Compiler.Emit(compilation.ReplaceReference(core, MetadataReference.CreateFromImage(copy)));

        Says("it has 2 [assembly: Module] attributes", Errno.ENOEXEC, _fixture.Write("Twice", bytes));
    }

    [Fact]
    public void NoEntry() => Says(
        "none of its classes implements IModule",
        Errno.ENOEXEC,
        _fixture.Compile("Empty", Source.Usings + "[assembly: Module(\"GPL\", \"A\", \"D\")]"));

    [Fact]
    public void TwoEntries() => Says(
        "2 of its classes implement IModule (Entry, Second), and exactly one must",
        Errno.ENOEXEC,
        _fixture.Compile(
            "Two",
            Source.Module(
                "GPL",
                "public class Second : IModule { public void Init(ModuleContext c) { } public void Exit() { } }")));

    [Fact]
    public void IgnoringAccessChecks()
    {
        const string attribute = """
            namespace System.Runtime.CompilerServices
            {
                [AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
                public class IgnoresAccessChecksToAttribute : Attribute {
                    public IgnoresAccessChecksToAttribute(string name) { } }
            }
            """;
        Says(
            "it switches off access checks ([IgnoresAccessChecksTo(\"Hmm.Core\")])",
            Errno.EPERM,
            _fixture.Compile(
                "Sneaky", Source.Module("GPL", attribute, "[assembly: IgnoresAccessChecksTo(\"Hmm.Core\")]")));
    }

    [Theory]
    [InlineData(
        "[UnsafeAccessor(UnsafeAccessorKind.Method, Name = \"get_Undo\")] public static extern object "
            + "F(ModuleContext context);",
        "ModuleContext")]
    [InlineData(
        "[UnsafeAccessor(UnsafeAccessorKind.StaticMethod, Name = \"set_Handler\")] public static extern void "
            + "F(ref ModuleContext? c, Action<string> a);",
        "ModuleContext")]
    [InlineData(
        "[UnsafeAccessor(UnsafeAccessorKind.Constructor)] public static extern ParameterValues F();",
        "ParameterValues")]
    public void UnsafeAccessors(string accessor, string target) => Says(
        $"an unsafe accessor 'F' reaches into Hmm.Core.Modules.{target}",
        Errno.EPERM,
        _fixture.Compile("Sneaky", Source.Module("GPL", $"public static class C {{ {accessor} }}")));

    [Fact]
    public void AnUnsafeAccessorIntoAGenericParameter() => Says(
        "an unsafe accessor 'F' reaches into a generic parameter, which could be anything",
        Errno.EPERM,
        _fixture.Compile("Sneaky", Source.Module("GPL", """
            public static class C
            {
                [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_undo")]
                public static extern ref object F<T>(T target);
            }
            """)));

    [Fact]
    public void AnUnsafeAccessorThatNamesItsTargetAsText() => Says(
        "an unsafe accessor names 'Hmm.Core.Modules.TaintLedger, Hmm.Core'",
        Errno.EPERM,
        _fixture.Compile("Sneaky", Source.Module("GPL", """
            public static class C
            {
                [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "Add")]
                public static extern void F(
                    [UnsafeAccessorType("Hmm.Core.Modules.TaintLedger, Hmm.Core")] object ledger);
            }
            """)));

    [Fact]
    public void AnUnsafeAccessorIntoAnythingElseIsNobodysBusiness() => _fixture.Load("Fine", Source.Module("GPL", """
        public static class C
        {
            [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_size")]
                public static extern ref int SizeOf<T>(List<T> list);
        }
        """));

    [Fact]
    public void TheNameOfTheCore() => Says(
        "which is the host's own",
        Errno.EEXIST,
        _fixture.Compile("Hmm.Uapi", """
            [assembly: Hmm.Core.Modules.Module("GPL", "A", "D")]
            public sealed class E : Hmm.Core.Modules.IModule {
                public void Init(Hmm.Core.Modules.ModuleContext c) { } public void Exit() { } }
            """));

    [Fact]
    public void AFileThatIsNotThere() =>
        Says("does not exist", Errno.ENOENT, Path.Combine(_fixture.Folder, "Nothing.dll"));

    [Fact]
    public void AModuleThatIsInNoFolder()
    {
        var error = Assert.Throws<HmmException>(() => _fixture.Loader.Load("Nothing"));
        Assert.Equal(Errno.ENOENT, error.Errno);
        Assert.Contains("There is no module 'Nothing' in '" + _fixture.Folder, error.Message, StringComparison.Ordinal);
    }

    private void Says(string words, Errno errno, string path) =>
        Assert.Contains(words, _fixture.Refused(errno, path).Message, StringComparison.Ordinal);
}
