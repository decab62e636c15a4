// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Tests.Support;

namespace Hmm.Cli.Tests;

/// <summary><c>hmm conformance</c>, as the author of a driver runs it.</summary>
public sealed class ConformanceCommandTests
{
    private static readonly string s_sample = Path.Combine(AppContext.BaseDirectory, "samples", "ByteArrayDriver.dll");

    [Fact]
    public void ASampleDriverKeepsItsContract()
    {
        var result = HmmProcess.Run("conformance", s_sample).Ended(ExitCode.Ok);

        Assert.Matches(@"(?m)^passed +round-trip +\d+ ms  \d+ pages written, \d+ read back$", result.Output);
        Assert.Contains("The driver byte-array keeps its contract: 18 checks passed.", result.Output);
    }

    [Fact]
    public void AnInTreeDriverIsFoundByName() => HmmProcess.Run(
        "conformance", "Hmm.Modules.Null", "--check", "full", "--check", "shape").Ended(ExitCode.Ok);

    [Fact]
    public void WhatCannotBeLoadedFailsAndSaysWhyAsJsonToo()
    {
        var refused = Path.Combine(Path.GetDirectoryName(s_sample)!, "ProprietaryRefused.dll");
        var report = HmmProcess.Run("conformance", refused, "--json").Ended(ExitCode.Wrong).Json;

        Assert.False(report.GetProperty("passed").GetBoolean());
        var load = report.GetProperty("checks")[0];
        Assert.Equal("failed", load.GetProperty("outcome").GetString());
        Assert.Contains("GPL-only", load.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal("skipped", report.GetProperty("checks")[1].GetProperty("outcome").GetString());
        Assert.Contains("breaks its contract", HmmProcess.Run("conformance", refused).Output);
    }

    [Theory]
    [InlineData("--parameter", "size")]
    [InlineData("--check", "no-such-check")]
    public void WhatItDoesNotUnderstandIsRefused(string option, string value) =>
        HmmProcess.Run("conformance", s_sample, option, value).Refused(ExitCode.Usage, value);

    [Fact]
    public void AParameterThatTheDriverRefusesFailsTheChecks()
    {
        var result = HmmProcess.Run("conformance", s_sample, "--parameter", "size=4095", "--check", "round-trip");

        Assert.Equal(ExitCode.Wrong, result.ExitCode);
        Assert.Contains("use a multiple of 4096", result.Output, StringComparison.Ordinal);
    }
}
