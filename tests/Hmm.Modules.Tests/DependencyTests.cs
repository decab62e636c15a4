// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules.Loading;
using Hmm.Uapi;

namespace Hmm.Modules.Tests;

/// <summary>Modules that need other modules.</summary>
public sealed class DependencyTests : IDisposable
{
    private readonly LoaderFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void WhatAModuleNeedsIsLoadedFirst()
    {
        _fixture.Compile(
            "Base",
            Source.Module("GPL", "[ExportSymbol] public static class Base { public static string F() => \"base\"; }"));
        _fixture.Compile("Side", Source.Module("GPL"));
        _fixture.Compile(
            "Middle",
            Source.Module(
                "GPL",
                "[ExportSymbol] public static class Middle { public static string F() => Base.F() + \" middle\"; }",
                "[assembly: ModuleDepends(\"Side\")]"),
            "Base");
        var top = _fixture.Compile(
            "Top", Source.Module("GPL", init: "context.Log(Middle.F() + Base.F());"), "Middle", "Base");

        var module = _fixture.Loader.Load(top);

        Assert.Equal(["Base", "Middle"], module.Dependencies);
        Assert.Equal(["Base: init", "Side: init", "Middle: init", "Top: init", "Top: base middlebase"], _fixture.Log);
        Assert.Equal(["module Middle", "module Top"], _fixture.Loader.Modules.Single(m => m.Name == "Base").Users);
        Assert.Equal(["Middle", "Top"], _fixture.Loader.Exports.Single(e => e.Export.Symbol == "Base.F()").Consumers);
    }

    [Fact]
    public void ACircleIsRefusedAndNamed()
    {
        _fixture.Compile("A", Source.Module("GPL", assembly: "[assembly: ModuleDepends(\"B\")]"));
        _fixture.Compile("B", Source.Module("GPL", assembly: "[assembly: ModuleDepends(\"C\")]"));
        _fixture.Compile("C", Source.Module("GPL", assembly: "[assembly: ModuleDepends(\"A\")]"));

        var error = Assert.Throws<HmmException>(() => _fixture.Loader.Load("A"));

        Assert.Equal(Errno.EINVAL, error.Errno);
        Assert.Contains("A -> B -> C -> A", error.Message, StringComparison.Ordinal);
        Assert.Empty(_fixture.Log);
    }

    [Fact]
    public void AMissingDependencyIsNamed()
    {
        var error = _fixture.Refused(
            Errno.ENOENT, "Needy", Source.Module("GPL", assembly: "[assembly: ModuleDepends(\"Nobody\")]"));

        Assert.Contains(
            "Module Needy needs module Nobody, which is neither loaded nor in",
            error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ADependencyThatIsRefusedRefusesItsUser()
    {
        _fixture.Compile("Bad", Source.Module("Proprietary", "public class U { public CopyBatch? F; }"));
        var error = _fixture.Refused(
            Errno.ENOENT, "User", Source.Module("GPL", assembly: "[assembly: ModuleDepends(\"Bad\")]"));

        Assert.Contains("Module Bad is refused", error.Message, StringComparison.Ordinal);
        Assert.Empty(_fixture.Loader.Modules);
    }

    [Fact]
    public void AFileOfAnotherNameIsNotTheDependency()
    {
        _fixture.Write("Wanted", Compiler.Compile("Unwanted", Source.Module("GPL")));

        var error = _fixture.Refused(
            Errno.ENOEXEC, "User", Source.Module("GPL", assembly: "[assembly: ModuleDepends(\"Wanted\")]"));

        Assert.Contains("holds module Unwanted, not Wanted", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SortPutsEveryoneAfterWhatItNeeds()
    {
        var needs = new Dictionary<string, string[]> { ["d"] = ["b", "c"], ["c"] = ["a"], ["b"] = ["a"], ["a"] = [] };

        Assert.Equal(["a", "b", "c", "d"], DependencyOrder.Sort("d", n => needs[n]));
    }
}
