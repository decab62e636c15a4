// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Tests.Support;

namespace Hmm.Cli.Tests;

/// <summary>Recording as a user does it: of a shared host, and of a program that starts its own.</summary>
public sealed class TraceCommandTests
{
    [UserfaultFdFact]
    public void ARunningHostIsRecorded()
    {
        using var folder = new TemporaryFolder();
        var socket = Path.Combine(folder.Path, "host.sock");
        var trace = Path.Combine(folder.Path, "trace");
        using var host = HostProcess.Start(
            socket, "--budget", "4MiB", "--device", "memory,size=64MiB", "--policy", "cyclic");
        var output = HmmProcess.Run("trace", "record", trace, "--seconds", "0.2", "--socket", socket)
            .Ended(ExitCode.Ok).Output;
        Assert.Contains("0 dropped", output, StringComparison.Ordinal);
        var info = HmmProcess.Run("trace", "info", trace, "--json").Ended(ExitCode.Ok).Json;
        Assert.True(info.GetProperty("isComplete").GetBoolean());
        Assert.Equal("cyclic", info.GetProperty("policy").GetString());
        Assert.Equal(4UL << 20, info.GetProperty("budgetBytes").GetUInt64());
        HmmProcess.Run("trace", "record", "/no/such/trace", "--socket", socket)
            .Refused(ExitCode.Failed, "cannot be made");
        HmmProcess.Run("trace", "record", trace, "--seconds", "0", "--socket", socket)
            .Refused(ExitCode.Usage, "--seconds");
    }

    [UserfaultFdFact]
    public void AProgramThatStartsItsOwnHostIsRecorded()
    {
        using var folder = new TemporaryFolder();
        var trace = Path.Combine(folder.Path, "trace-%p");
        folder.Write("data/1", new byte[3 << 20]);
        HmmProcess.Run(
            "trace", "run", trace, "--", "dotnet", "exec", HmmProcess.Program, "demo", "--data",
            Path.Combine(folder.Path, "data"), "--budget", "2MiB").Ended(ExitCode.Ok);
        var file = Assert.Single(Directory.GetFiles(folder.Path));
        Assert.DoesNotContain('%', file);
        var info = HmmProcess.Run("trace", "info", file, "--json").Ended(ExitCode.Ok).Json;
        Assert.True(info.GetProperty("isComplete").GetBoolean());
        Assert.Equal("demo", info.GetProperty("ranges")[0].GetProperty("name").GetString());
        HmmProcess.Run("trace", "run", trace, "--", "/no/such/program").Refused(ExitCode.Data, "cannot be run");
    }

    [UserfaultFdFact]
    public void TheDemoRecordsItself()
    {
        using var folder = new TemporaryFolder();
        var trace = Path.Combine(folder.Path, "trace");
        folder.Write("data/1", new byte[3 << 20]);
        HmmProcess.Run(
            "demo", "--data", Path.Combine(folder.Path, "data"), "--budget", "2MiB", "--trace", trace, "--trace-full")
            .Ended(ExitCode.Ok);
        var replay = HmmProcess.Run("replay", trace, "--json").Ended(ExitCode.Ok).Json;
        Assert.Equal("full", replay.GetProperty("trace").GetProperty("mode").GetString());
        Assert.InRange(replay.GetProperty("trace").GetProperty("pagesUsed").GetInt64(), 768, 800);
    }

    [Fact]
    public void WithoutAHostThereIsNothingToRecord() =>
        HmmProcess.Run("trace", "record", "/tmp/none", "--socket", "/no/such.sock")
            .Refused(ExitCode.NoHost, "no host listens");

    [Fact]
    public void ATraceOfTheKernelsMemoryIsRefused() =>
        HmmProcess.Run("bench", "--target", "mmap", "--trace", "/tmp/none").Refused(ExitCode.Usage, "--target");
}
