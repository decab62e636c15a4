// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Tests.Support;

namespace Hmm.Cli.Tests;

/// <summary><c>hmm modules</c> and <c>hmm exports --socket</c> on a running host, as a user runs them.</summary>
public sealed class ModulesCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _socket;
    private readonly HostProcess _host;

    public ModulesCommandTests()
    {
        _socket = Path.Combine(_folder.Path, "host.sock");
        var other = Directory.CreateDirectory(Path.Combine(_folder.Path, "other")).FullName;
        foreach (var sample in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "samples"), "*.dll"))
        {
            File.Copy(sample, Path.Combine(other, Path.GetFileName(sample)));
        }

        _host = HostProcess.Start(
            _socket, "--budget", "16MiB", "--device-folder", _folder.Path, "--module-folder", other);
    }

    public void Dispose()
    {
        _host.Dispose();
        _folder.Dispose();
    }

    [UserfaultFdFact]
    public void ListsWhatIsLoadedAndTheHostsOwnModulesDoNotTaint()
    {
        var text = Run("modules").Ended(ExitCode.Ok).Output;
        Assert.Matches(@"Hmm\.Modules\.Block +\S+ +live +GPL\S* .*- +device block0 ", text);
        Assert.Contains("\nNot tainted.\n", text, StringComparison.Ordinal);

        var json = Run("modules", "--json").Ended(ExitCode.Ok).Json;
        Assert.Equal("-", json.GetProperty("taint").GetString());
        var module = Assert.Single(json.GetProperty("modules").EnumerateArray().ToArray());
        Assert.Equal("device block0", module.GetProperty("users")[0].GetString());
    }

    [UserfaultFdFact]
    public void AModuleInUseIsNotUnloadedAndItsUserIsNamed()
    {
        Run("modules", "unload", "Hmm.Modules.Block").Refused(ExitCode.Busy, "device block0");
        Run("modules", "unload", "Hmm.Modules.Gone").Refused(ExitCode.NotFound, "'hmm modules' lists them");

        Run("devices", "remove", "block0").Ended(ExitCode.Ok);
        Run("modules", "unload", "Hmm.Modules.Block").Ended(ExitCode.Ok);
        Assert.DoesNotContain("Hmm.Modules.Block", Run("modules").Output, StringComparison.Ordinal);
    }

    [UserfaultFdFact]
    public void AModuleFromElsewhereLoadsLiveServesDevicesAndTaints()
    {
        var before = Run("modules", "info", "ByteArrayDriver").Ended(ExitCode.Ok).Output;
        Assert.Matches("state +not-loaded", before);
        Assert.Contains("max_size (size, default 1GiB): the largest device", before, StringComparison.Ordinal);
        Assert.DoesNotContain("refused", before, StringComparison.Ordinal);

        Run("modules", "load", "ByteArrayDriver", "--parameter", "max_size=1MiB").Ended(ExitCode.Ok);
        Run("devices", "add", "byte-array,size=2MiB").Refused(ExitCode.Failed, "at most 1048576");
        Run("devices", "add", "byte-array,size=1MiB,name=ram").Ended(ExitCode.Ok);
        Run("modules", "unload", "ByteArrayDriver").Refused(ExitCode.Busy, "device ram");
        var text = Run("modules").Output;
        Assert.Contains("Tainted: OE", text, StringComparison.Ordinal);
        Assert.Contains("O  ByteArrayDriver: it comes from", text, StringComparison.Ordinal);

        var exports = Run("exports", "--json").Ended(ExitCode.Ok).Json.EnumerateArray().Single(
            export => export.GetProperty("symbol").GetString() == "Hmm.Core.Devices.IDeviceMemoryOps");
        Assert.Contains(
            exports.GetProperty("consumers").EnumerateArray(), name => name.GetString() == "ByteArrayDriver");

        Run("devices", "remove", "ram").Ended(ExitCode.Ok);
        Run("modules", "unload", "ByteArrayDriver").Ended(ExitCode.Ok);
        Assert.Contains("Tainted: OE", Run("modules").Output, StringComparison.Ordinal);
    }

    [UserfaultFdFact]
    public void ARefusedModuleIsToldAllSymbolsAlsoBeyondTheBoundarysLongestSentence()
    {
        var refusal = Run("modules", "load", "ProprietaryRefused").Refused(ExitCode.Failed, "GPL-only");
        Assert.Contains("Hmm.Core.Devices.IDeviceMemoryOps (GPL-only)", refusal.Error, StringComparison.Ordinal);
        Assert.Contains("CompleteAll(Hmm.Uapi.Errno) (GPL-only)", refusal.Error, StringComparison.Ordinal);

        var info = Run("modules", "info", "ProprietaryRefused").Ended(ExitCode.Ok).Output;
        Assert.Contains("CompleteAll(Hmm.Uapi.Errno) (GPL-only)", info, StringComparison.Ordinal);
    }

    [UserfaultFdFact]
    public void WhatCannotBeLoadedIsRefusedWithASentence()
    {
        Run("modules", "load", "/etc/passwd").Refused(ExitCode.Failed, "may be loaded from");
        Run("modules", "load", "NoSuchModule").Refused(ExitCode.Failed, "NoSuchModule");
        Run("modules", "load", "ByteArrayDriver", "--parameter", "colour=red").Refused(ExitCode.Failed, "max_size");
        Run("modules", "load", "a,b").Refused(ExitCode.Usage, "comma");
    }

    private HmmResult Run(params string[] arguments) => HmmProcess.Run([.. arguments, "--socket", _socket]);
}
