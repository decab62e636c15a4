// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Tests.Support;

namespace Hmm.Cli.Tests;

/// <summary><c>hmm exports</c> on the assemblies beside the command line: no host is needed.</summary>
public sealed class ExportsCommandTests
{
    private const string AddSymbol = "Hmm.Core.Modules.ModuleContext.RegisterDriver(Hmm.Core.Modules.IDeviceDriver)";

    [Fact]
    public void ListsSymbolClassNamespaceOwnerAndConsumers()
    {
        var lines = HmmProcess.Run("exports").Ended(ExitCode.Ok).Output.Split('\n');

        Assert.Matches("^CLASS +OWNER +NAMESPACE +USED BY +SYMBOL$", lines[0]);
        var line = Assert.Single(lines, text => text.EndsWith(' ' + AddSymbol, StringComparison.Ordinal));
        Assert.StartsWith("GPL-only  Hmm.Core", line, StringComparison.Ordinal);
        Assert.Contains("Hmm.Modules.Block,", line, StringComparison.Ordinal);
    }

    [Fact]
    public void SpeaksJson()
    {
        var export = HmmProcess.Run("exports", "--json").Ended(ExitCode.Ok).Json.EnumerateArray()
            .Single(item => item.GetProperty("symbol").GetString() == AddSymbol);

        Assert.Equal("EXPORT_SYMBOL_GPL", export.GetProperty("class").GetString());
        Assert.Equal("Hmm.Core", export.GetProperty("owner").GetString());
        Assert.Contains(
            export.GetProperty("consumers").EnumerateArray(), name => name.GetString() == "Hmm.Modules.Memory");
    }

    [Fact]
    public void SymversHasFiveColumnsAndNothingElse()
    {
        var lines = HmmProcess.Run("exports", "--symvers").Ended(ExitCode.Ok).Output.TrimEnd('\n').Split('\n');

        Assert.All(
            lines, line => Assert.Matches("^0x[0-9a-f]{8}\t[^\t]+\t[^\t]+\tEXPORT_SYMBOL(_GPL)?\t[^\t]*$", line));
        Assert.Contains(lines, line => line.Contains($"\t{AddSymbol}\tHmm.Core\tEXPORT_SYMBOL_GPL\t"));
    }

    /// <summary>Classes, leaves, and a user in the tree for every export: what CI relies on.</summary>
    [Fact]
    public void TheTreesOwnAuditIsClean()
    {
        var result = HmmProcess.Run("exports", "audit");

        Assert.True(result.ExitCode == ExitCode.Ok, result.Output + result.Error);
        Assert.Matches(@"\d+ exports: \d+ plain, \d+ GPL-only; 0 failures", result.Output);
    }

    [Fact]
    public void TheAuditSpeaksJson()
    {
        var report = HmmProcess.Run("exports", "audit", "--json").Ended(ExitCode.Ok).Json;

        Assert.True(report.GetProperty("isClean").GetBoolean());
        Assert.NotEqual(0, report.GetProperty("gplOnly").GetInt32());
        Assert.All(
            report.GetProperty("findings").EnumerateArray(),
            finding => Assert.False(finding.GetProperty("fails").GetBoolean()));
    }

    [Fact]
    public void AChangedClassSinceASavedTableFailsAndNamesWhoBreaks()
    {
        using var folder = new TemporaryFolder();
        var table = HmmProcess.Run("exports", "--symvers").Ended(ExitCode.Ok).Output;
        var same = folder.Write("same", System.Text.Encoding.UTF8.GetBytes(table));
        HmmProcess.Run("exports", "audit", "--against", same).Ended(ExitCode.Ok);

        var gone = table + "0x00000001\tHmm.Core.Gone\tHmm.Core\tEXPORT_SYMBOL\t\n";
        var changed = folder.Write("changed", System.Text.Encoding.UTF8.GetBytes(gone.Replace(
            $"{AddSymbol}\tHmm.Core\tEXPORT_SYMBOL_GPL", $"{AddSymbol}\tHmm.Core\tEXPORT_SYMBOL")));
        var result = HmmProcess.Run("exports", "audit", "--against", changed).Ended(ExitCode.Wrong);
        Assert.Contains("FAIL Changed: Hmm.Core.Gone is gone", result.Output, StringComparison.Ordinal);
        Assert.Contains($"{AddSymbol} was plain and is GPL-only", result.Output, StringComparison.Ordinal);
        Assert.Contains("2 failures", result.Output, StringComparison.Ordinal);
    }

    /// <summary>Another assembly as the core: there public must mean exported, and a test's types are not.</summary>
    [Fact]
    public void AnAssemblyWhosePublicTypesHaveNoClassFails()
    {
        var result = HmmProcess.Run("exports", "audit", "--core", typeof(HmmHost).Assembly.Location, "--json");

        Assert.Equal(ExitCode.Wrong, result.ExitCode);
        Assert.Contains(
            result.Json.GetProperty("findings").EnumerateArray(),
            finding => finding.GetProperty("kind").GetString() == "unclearClass");
    }

    [Theory]
    [InlineData("--against")]
    [InlineData("--core")]
    public void AFileThatIsNotThereIsNamed(string option) =>
        HmmProcess.Run("exports", "audit", option, "/no/such/file").Refused(ExitCode.Failed, "'/no/such/file'");

    [Fact]
    public void ATableThatIsNoneIsRefused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("table", "not a table\n"u8.ToArray());

        HmmProcess.Run("exports", "audit", "--against", path).Refused(ExitCode.Failed, "hmm exports --symvers");
    }
}
