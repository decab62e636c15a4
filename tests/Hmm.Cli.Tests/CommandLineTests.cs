// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Tests.Support;

namespace Hmm.Cli.Tests;

/// <summary>The program as a user runs it, where no host is needed.</summary>
public sealed class CommandLineTests
{
    [Fact]
    public void AloneItShowsWhatThereIs()
    {
        var result = HmmProcess.Run().Ended(ExitCode.Ok);
        string[] commands =
        [
            "demo", "doctor", "host", "iomem", "devices", "pagemaps", "ranges", "page", "modules", "exports",
            "conformance", "bench",
        ];
        foreach (var command in commands)
        {
            Assert.Contains($"\n  {command}", result.Output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("demo", "--frobnicate")]
    [InlineData("demo", "--seed", "many")]
    [InlineData("demo", "--budget")]
    [InlineData("devices", "remove")]
    [InlineData("page")]
    [InlineData("modules", "load")]
    [InlineData("modules", "unload")]
    [InlineData("modules", "info")]
    public void WhatItDoesNotUnderstandIsRefused(params string[] arguments) =>
        HmmProcess.Run(arguments).Refused(ExitCode.Usage, "");

    [Theory]
    [InlineData("lots", "write bytes, or a whole number with a unit")]
    [InlineData("256MB", "write 256MiB")]
    [InlineData("9999999PiB", "larger than any machine")]
    public void ABadSizeIsRefused(string size, string words) =>
        HmmProcess.Run("demo", "--budget", size).Refused(ExitCode.Usage, words);

    [Theory]
    [InlineData("zz")]
    [InlineData("-1")]
    [InlineData("0xffffffffffffffff")]
    public void ABadAddressIsRefused(string address) =>
        HmmProcess.Run("page", "--", address).Refused(ExitCode.Usage, "is not an address");

    [Theory]
    [InlineData("iomem")]
    [InlineData("devices")]
    [InlineData("pagemaps")]
    [InlineData("ranges")]
    [InlineData("page", "0x1000")]
    [InlineData("devices", "remove", "block0")]
    [InlineData("modules")]
    [InlineData("modules", "load", "M")]
    [InlineData("modules", "unload", "M")]
    [InlineData("modules", "info", "M")]
    public void WithoutAHostReadingSaysHowToStartOne(params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        var socket = Path.Combine(folder.Path, "host.sock");
        HmmProcess.Run([.. arguments, "--socket", socket]).Refused(ExitCode.NoHost, $"hmm host --socket {socket}");
        HmmProcess.Run([("HMM_SOCKET", socket)], arguments).Refused(ExitCode.NoHost, socket);
    }

    [Fact]
    public void MissingAndEmptyDataIsRefused()
    {
        using var folder = new TemporaryFolder();
        HmmProcess.Run("demo", "--data", folder.Path).Refused(ExitCode.Data, "holds no bytes");
        HmmProcess.Run("demo", "--data", Path.Combine(folder.Path, "gone")).Refused(ExitCode.Data, "does not exist");
    }

    [Fact]
    public void ABadDeviceFolderIsRefused()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("file", new byte[100]);
        HmmProcess.Run(
            "demo", "--data", file, "--device-folder", file).Refused(ExitCode.DeviceFolder, "it is not a folder");
        HmmProcess.Run(
            "demo", "--data", file, "--device-folder", "/proc").Refused(ExitCode.DeviceFolder, "--device-folder DIR");
    }

    [Fact]
    public void TheDoctorSpeaksPlainTextInAPipe()
    {
        var result = HmmProcess.Run("doctor");
        Assert.True(result.ExitCode is ExitCode.Ok or ExitCode.Unsupported, result.Error);
        Assert.DoesNotContain('\e', result.Output);
        Assert.Contains("userfaultfd", result.Output, StringComparison.Ordinal);
        Assert.Contains(
            result.ExitCode == ExitCode.Ok ? "This system can run Hmm.NET." : "cannot run",
            result.Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public void TheDoctorSpeaksJson()
    {
        var result = HmmProcess.Run("doctor", "--json");
        Assert.Equal(result.ExitCode == ExitCode.Ok, result.Json.GetProperty("canRun").GetBoolean());
        var subjects = result.Json.GetProperty("findings").EnumerateArray()
            .Select(finding => finding.GetProperty("subject").GetString());
        Assert.Equal(
            [
                "kernel", "userfaultfd", "seccomp", "processors", "memory",
                "cgroup", "memlock", "swap", "overcommit", "io_uring", "device",
            ],
            subjects);
    }

    [Fact]
    public void TheDoctorRefusesAFolderThatIsNotThere()
    {
        var result = HmmProcess.Run("doctor", "--device-folder", "/no/such/folder").Ended(ExitCode.Unsupported);
        Assert.Contains("/no/such/folder: it does not exist", result.Output, StringComparison.Ordinal);
    }
}
