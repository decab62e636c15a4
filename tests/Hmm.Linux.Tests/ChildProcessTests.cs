// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Text;
using Hmm.Linux.Tests.Support;
using Hmm.Uapi;

namespace Hmm.Linux.Tests;

/// <summary>Child processes and the one descriptor that they get.</summary>
public sealed class ChildProcessTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    [Fact]
    public void ChildGetsItsSocketTheStandardStreamsAndNothingElse()
    {
        Environment.SetEnvironmentVariable("HMM_TEST_VARIABLE", "grün");
        var (mine, its) = UnixSocket.CreatePair();
        using var parent = mine;
        using var child = Program.Spawn("describe", its);
        its.Dispose();
        var buffer = new byte[4096];
        var length = parent.Receive(buffer, [], out _, out var error);
        Assert.Equal(Errno.None, error);
        var lines = Encoding.UTF8.GetString(buffer, 0, length).Split('\n');

        // Not 3: the child made it close-on-exec by adopting it.
        Assert.Contains("inherited=0,1,2", lines);
        Assert.Contains("stdin=/dev/null", lines);
        Assert.Contains($"group={child.ProcessId}", lines);
        Assert.Contains("variable=grün", lines);
        Assert.Contains("blocked=0000000000000000", lines);
        Assert.True(child.TryWait(s_limit, out var code));
        Assert.Equal(Program.EchoExitCode, code);
        Assert.True(child.TryWait(TimeSpan.Zero, out code));
        Assert.Equal(Program.EchoExitCode, code);
    }

    [Fact]
    public void RunningChildIsNotWaitedFor()
    {
        var (mine, its) = UnixSocket.CreatePair();
        using var child = Program.Spawn("wait", its);
        its.Dispose();
        Assert.Equal(5, mine.Receive(new byte[8], [], out _, out _));
        Assert.False(child.TryWait(TimeSpan.Zero, out _));
        Assert.False(child.TryWait(TimeSpan.FromMilliseconds(20), out _));
        mine.Dispose();
        Assert.True(child.TryWait(s_limit, out var code));
        Assert.Equal(0, code);
    }

    [Fact]
    public void KilledChildSaysWhichSignal()
    {
        var (mine, its) = UnixSocket.CreatePair();
        using var parent = mine;
        using var child = Program.Spawn("wait", its);
        its.Dispose();
        child.Kill();
        Assert.True(child.TryWait(s_limit, out var code));
        Assert.Equal(128 + 9, code);
        child.Kill();
        Assert.Equal(0, parent.Receive(new byte[8], [], out _, out _));
    }

    [Fact]
    public void DisposalEndsAndReaps()
    {
        var (mine, its) = UnixSocket.CreatePair();
        using var parent = mine;
        var child = Program.Spawn("wait", its);
        its.Dispose();
        child.Dispose();
        child.Dispose();
        Assert.False(Directory.Exists($"/proc/{child.ProcessId}"), "a zombie is left");
    }

    [Fact]
    public void RuntimesOwnChildrenAndOursDoNotTakeEachOthersExitCodes()
    {
        var (mine, its) = UnixSocket.CreatePair();
        using var parent = mine;
        using var child = Program.Spawn("wait", its);
        its.Dispose();

        // Starting one makes the runtime handle SIGCHLD, also for ours.
        for (var code = 3; code < 6; code++)
        {
            using var process = Process.Start("/bin/sh", ["-c", $"exit {code}"]);
            process.WaitForExit();
            Assert.Equal(code, process.ExitCode);
        }

        child.Kill();
        using (var process = Process.Start("/bin/sh", ["-c", "exit 9"]))
        {
            process.WaitForExit();
            Assert.Equal(9, process.ExitCode);
        }

        Assert.True(child.TryWait(s_limit, out var killed));
        Assert.Equal(128 + 9, killed);
    }

    [Fact]
    public void ConcurrentChildrenDoNotHoldEachOthersSockets()
    {
        const int Children = 4;
        var parents = new UnixSocket[Children];
        var children = new ChildProcess[Children];
        Parallel.For(0, Children, i =>
        {
            var (mine, its) = UnixSocket.CreatePair();
            parents[i] = mine;
            children[i] = Program.Spawn("wait", its);
            its.Dispose();
        });

        // Each child holds the only other end: killing one closes exactly that connection.
        for (var i = 0; i < Children; i++)
        {
            Assert.Equal(5, parents[i].Receive(new byte[8], [], out _, out _));
            children[i].Kill();
            Assert.True(children[i].TryWait(s_limit, out _));
            Assert.True(Poll.WaitReadable(parents[i], 10_000), "another child holds the socket");
            Assert.Equal(0, parents[i].Receive(new byte[8], [], out _, out _));
            parents[i].Dispose();
            children[i].Dispose();
        }
    }

    [Fact]
    public void WhatCannotBeStartedIsExplained()
    {
        using var folder = new TemporaryFolder();
        var (mine, its) = UnixSocket.CreatePair();
        using var parent = mine;
        using var given = its;
        AssertRefused(Errno.ENOENT, "does not exist", folder.File("missing"));
        File.WriteAllText(folder.File("text"), "#!/bin/sh\n");
        AssertRefused(Errno.EACCES, "chmod +x", folder.File("text"));
        File.WriteAllBytes(folder.File("binary"), [0x7f, 0x45, 0x4c, 0x46, 9, 9]);
        File.SetUnixFileMode(folder.File("binary"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        AssertRefused((Errno)8, "not a program for this machine", folder.File("binary"));
        Assert.Throws<ArgumentException>(() => ChildProcess.Spawn("/bin/true", ["a\0b"], given));

        void AssertRefused(Errno errno, string part, string path)
        {
            var refused = Assert.Throws<HmmException>(() => ChildProcess.Spawn(path, [], given));
            Assert.Equal(errno, refused.Errno);
            Assert.Contains(part, refused.Message, StringComparison.Ordinal);
        }
    }
}
