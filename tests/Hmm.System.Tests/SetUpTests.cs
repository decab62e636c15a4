// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.System.Tests.Support;
using Hmm.Uapi;

namespace Hmm.System.Tests;

/// <summary>What is asked for wrongly is refused at once, with a sentence, and nothing is left behind.</summary>
public sealed class SetUpTests
{
    private const int UsedWrongly = 64;
    private const int NotAllowed = 69;

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData((2 << 20) - 1)]
    public void RefusesABudgetBelowTwoMebibytes(long bytes) =>
        Refused.AsMisuse<ArgumentOutOfRangeException>(
            () => HmmHost.Start(new HmmHostOptions { BudgetBytes = bytes }), "at least 2 MiB");

    [Fact]
    public void RefusesABudgetLargerThanTheMachine() =>
        Refused.AsMisuse<ArgumentOutOfRangeException>(
            () => HmmHost.Start(new HmmHostOptions { BudgetBytes = (long)SystemInfo.TotalMemoryBytes + 1 }),
                "larger than");

    [Theory]
    [InlineData("0", "at least 2 MiB")]
    [InlineData("1MiB", "at least 2 MiB")]
    [InlineData("1024TiB", "more than this machine")]
    [InlineData("-5", "--budget")]
    [InlineData("lots", "--budget")]
    public void TheHostRefusesTheSameBudgets(string budget, string words)
    {
        var (code, errors) = RunHost("--socket", "/tmp/hmm-never", "--budget", budget, "--device", "memory,size=4MiB");
        Assert.Equal(UsedWrongly, code);
        Refused.IsSentence(Said(errors), words);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    [InlineData((1L << 43) + 1)]
    public void RefusesALengthThatIsNoneNegativeOrTooLong(long length)
    {
        using var host = Hosts.Start();
        Refused.AsMisuse<ArgumentOutOfRangeException>(() => host.Allocate<ulong>(length), "elements");
    }

    [Fact]
    public void RefusesFilesThatCannotBeMapped()
    {
        using var folder = new TemporaryFolder();
        using var host = Hosts.Start();
        File.WriteAllBytes(folder.File("empty"), []);
        File.WriteAllBytes(folder.File("three"), [1, 2, 3]);
        Refused.With(Errno.ENOENT, () => host.MapFile<byte>(folder.File("missing")), "missing");
        Refused.With(Errno.EISDIR, () => host.MapFile<byte>(folder.Path), "directory");
        Refused.With(Errno.EINVAL, () => host.MapFile<byte>(folder.File("empty")), "empty");
        Refused.With(Errno.EINVAL, () => host.MapFile<long>(folder.File("three")), "3 bytes", "smaller type");
        Refused.With(Errno.EINVAL, () => host.MapFile<byte>("/dev/zero"), "regular file");
        Assert.Empty(host.Ranges());
    }

    [OtherUserFact]
    public void RefusesAFileThatThisUserMayNotRead()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("secret"), new byte[4096]);
        File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_101_101);
        File.SetUnixFileMode(folder.File("secret"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        using var child = OtherUser.Play("map-unreadable", folder.File("secret"));
        child.Expect(nameof(Errno.EACCES));
        Refused.IsSentence(child.ReadLine()!, "may not be read");
        Assert.Equal(0, child.WaitForExit());
    }

    [Fact]
    public void RefusesADeviceFolderThatIsMissing()
    {
        using var folder = new TemporaryFolder();
        Refused.With(Errno.ENOENT, () =>
            Hosts.StartIn(folder.File("none")).Dispose(), folder.File("none"), "create it");
        var (code, errors) = RunHost(
            "--socket", folder.File("s"), "--budget", "2MiB", "--device",
                $"block,folder={folder.File("none")},size=4MiB");
        Assert.Equal(NotAllowed, code);
        Refused.IsSentence(Said(errors), folder.File("none"));
        Assert.False(File.Exists(folder.File("s")), "the socket of a host that did not start is removed");
    }

    [MountFact]
    public void RefusesADeviceFolderThatIsReadOnlyOrFull()
    {
        using var folder = new SmallFolder("1m");
        using (var filler = File.Create(folder.Path + "/filler"))
        {
            try
            {
                filler.Write(new byte[2 << 20]);
                filler.Flush();
            }
            catch (IOException)
            {
                // Full, as wanted.
            }
        }

        Refused.With(Errno.ENOSPC, () => Hosts.StartIn(folder.Path).Dispose(), folder.Path);
        using var remount = Child.Start("mount", ["-o", "remount,ro", folder.Path]);
        Assert.Equal(0, remount.WaitForExit());
        Refused.With(Errno.EROFS, () => Hosts.StartIn(folder.Path).Dispose(), folder.Path);
    }

    [Theory]
    [InlineData("tape,size=4MiB", "tape")]
    [InlineData("memory,colour=red", "colour")]
    [InlineData("memory,size", "Size")]
    [InlineData("memory,size=large", "size")]
    public void RefusesADeviceThatNoDriverMakes(string device, string words)
    {
        var refused = Assert.Throws<HmmException>(() => Hosts.Start(2, device).Dispose());
        Refused.IsSentence(refused.Sentence, words);
    }

    [Fact]
    public void RefusesASocketPathThatIsNotItsOwn()
    {
        using var folder = new TemporaryFolder();
        using var daemon = new Daemon("2MiB", "memory,size=4MiB");
        File.WriteAllText(folder.File("file"), "mine");
        foreach (var (path, word) in ((string, string)[])
            [
                (daemon.SocketPath, "already"),
                (folder.File("file"), "not a socket"),
                (folder.File("none/s"), "folder"),
                (folder.File(new string('s', 120)), "at most"),
            ])
        {
            var (code, errors) = RunHost("--socket", path, "--budget", "2MiB", "--device", "memory,size=4MiB");
            Assert.True(code != 0, path);
            Refused.IsSentence(Said(errors), word);
        }

        Assert.Equal("mine", File.ReadAllText(folder.File("file")));
        using var host = daemon.Connect();
        Assert.True(host.IsConnected, "the live daemon is untouched");
    }

    [Fact]
    public void ReplacesTheSocketThatADeadHostLeft()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("s");
        string[] line = [Runs.HostPath, "--socket", path, "--budget", "2MiB", "--device", "memory,size=4MiB"];
        using (var first = Child.Start(Runs.DotnetPath, line))
        {
            Assert.NotNull(first.ReadLine());
            first.Kill();
            first.WaitForExit();
        }

        Assert.True(File.Exists(path), "a killed host cannot remove its socket");
        Refused.With(Errno.ECONNREFUSED, () => HmmHost.Connect(path).Dispose(), path);
        using var second = Child.Start(Runs.DotnetPath, line);
        Assert.NotNull(second.ReadLine());
        using var host = HmmHost.Connect(path);
        Assert.True(host.IsConnected, "the new host answers on the old path");
    }

    [Fact]
    public void SaysWhereNobodyListens()
    {
        using var folder = new TemporaryFolder();
        Refused.With(Errno.ENOENT, () => HmmHost.Connect(folder.File("none")).Dispose(), folder.File("none"));
    }

    private static (int Code, string Errors) RunHost(params string[] arguments)
    {
        using var child = Child.Start(Runs.DotnetPath, [Runs.HostPath, .. arguments]);
        return (child.WaitForExit(), child.Errors);
    }

    private static string Said(string errors)
    {
        var line = Assert.Single(errors.Split('\n'));
        Assert.StartsWith("hmm-host: ", line, StringComparison.Ordinal);
        return line["hmm-host: ".Length..];
    }
}
