// SPDX-License-Identifier: GPL-2.0-or-later
using Xunit.Abstractions;

namespace Hmm.Conformance.Tests;

/// <summary>Every driver of the tree keeps its contract.</summary>
public sealed class InTreeDriverTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("Memory", "")]
    [InlineData("Null", "")]
    [InlineData("Block", "")]
    [InlineData("Block", "workers=1")]
    [InlineData("Compressed", "memory=64MiB")]
    [InlineData("Compressed", "memory=64MiB,workers=0,algorithm=zstd")]
    [InlineData("Compressed", "memory=1MiB,workers=4")]
    [InlineData("Compressed", "memory=64MiB,algorithm=none")]
    [InlineData("Flaky", "with=size=16MiB")]
    [InlineData("Flaky", "with=size=16MiB,read_errors=200,write_errors=200,refuse=200,delay_us=3000")]
    [InlineData("Flaky", "with=size=16MiB,delay_us=0,read_errors=0,write_errors=0,refuse=0")]
    [InlineData("Flaky", "over=block,with=size=16MiB")]
    [InlineData("Flaky", "over=compressed,with=memory=64MiB;size=16MiB")]
    [InlineData("Pmem", "file={folder}/data")]
    [InlineData("Pmem", "file={folder}/data,map=always,workers=1")]
    public void KeepsItsContract(string module, string parameters)
    {
        using var folder = new TemporaryFolder();
        parameters = parameters.Replace("{folder}", folder.Path, StringComparison.Ordinal);
        var over = parameters.StartsWith("over=", StringComparison.Ordinal) ? parameters[5..].Split(',')[0] : "memory";
        Check(
            new ConformanceOptions
            {
                Path = PathOf(module),
                Modules = module == "Flaky" ? [PathOf(char.ToUpperInvariant(over[0]) + over[1..])] : [],
                Parameters = parameters.Split(',', StringSplitOptions.RemoveEmptyEntries)
                    .Select(static part => part.Split('=', 2))
                    .ToDictionary(static pair => pair[0], static pair => pair[1]),
                Operations = 150,
            });
    }

    [Fact]
    public void TheSampleKeepsItToo()
    {
        using var sample = new BrokenDriver();
        Check(new ConformanceOptions { Path = sample.Path });
    }

    /// <summary>
    /// A driver in the tree that nobody runs through the suite would be a hole in it. Cyclic is a policy and offers
    /// none.
    /// </summary>
    [Fact]
    public void EveryModuleOfTheTreeIsHere()
    {
        var here = typeof(InTreeDriverTests).GetMethod(nameof(KeepsItsContract))!.CustomAttributes
            .Where(static attribute => attribute.AttributeType == typeof(InlineDataAttribute))
            .Select(static attribute =>
                (string)((IReadOnlyList<System.Reflection.CustomAttributeTypedArgument>)
                    attribute.ConstructorArguments[0].Value!)[0].Value!);

        Assert.Equal(
            Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "modules"), "*.dll")
                .Select(static file => Path.GetFileNameWithoutExtension(file)["Hmm.Modules.".Length..])
                .Except(["Cyclic"]).Order(),
            here.Distinct().Order());
    }

    /// <summary>The gate is for them as for anyone: the core lets no module see its internals.</summary>
    [Fact]
    public void NoModuleIsAFriendOfTheCore()
    {
        var friends = typeof(Core.Modules.IModule).Assembly.GetCustomAttributes(
            typeof(System.Runtime.CompilerServices.InternalsVisibleToAttribute), inherit: false);
        var names = friends.Cast<System.Runtime.CompilerServices.InternalsVisibleToAttribute>()
            .Select(static friend => friend.AssemblyName).ToHashSet(StringComparer.OrdinalIgnoreCase);

        Assert.Contains("Hmm.Host", names);
        Assert.All(
            Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "modules"), "*.dll"),
            file => Assert.DoesNotContain(Path.GetFileNameWithoutExtension(file), names));
    }

    private static string PathOf(string module) =>
        Path.Combine(AppContext.BaseDirectory, "modules", $"Hmm.Modules.{module}.dll");

    private void Check(ConformanceOptions options)
    {
        var report = ConformanceSuite.Run(
            options,
            result => output.WriteLine($"{result.Outcome} {result.Name} {result.ElapsedMs} ms: {result.Detail}"));
        Assert.Equal([], report.Checks.Where(static check => check.Outcome != CheckOutcome.Passed));
        Assert.Equal(ConformanceSuite.Checks.Count + 1, report.Checks.Count);
    }
}
