// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux.Interop;
using Hmm.Linux.Tests.Support;
using Hmm.Uapi;

namespace Hmm.Linux.Tests;

/// <summary>Listening on and connecting to paths.</summary>
public sealed class UnixSocketPathTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string SocketPath => _folder.File("hmm.sock");

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ClientAndListenerMeet()
    {
        using var listener = UnixSocket.Listen(SocketPath, 4);
        Assert.Equal(SocketPath, listener.Path);
        using var client = UnixSocket.Connect(SocketPath);
        using var accepted = listener.Accept();
        Assert.Null(accepted.Path);
        Assert.Equal(Environment.ProcessId, accepted.Peer.ProcessId);
        Assert.Equal(Errno.None, client.Send("hello"u8, []));
        Assert.Equal(5, accepted.Receive(new byte[8], [], out _, out _));
        Assert.Equal(LibC.FD_CLOEXEC, LibC.fcntl(accepted, LibC.F_GETFD, 0));
    }

    [Fact]
    public void OnlyTheOwnerMayConnect()
    {
        using var listener = UnixSocket.Listen(SocketPath, 4);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));
    }

    [Fact]
    public void DisposalRemovesThePath()
    {
        UnixSocket.Listen(SocketPath, 4).Dispose();
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
        using var again = UnixSocket.Listen(SocketPath, 4);
    }

    [Fact]
    public void LiveListenerKeepsItsPath()
    {
        using var listener = UnixSocket.Listen(SocketPath, 4);
        AssertRefused(Errno.EADDRINUSE, "a program listens there already", () => UnixSocket.Listen(SocketPath, 4));
        using var client = UnixSocket.Connect(SocketPath);
    }

    [Fact]
    public void ListenerWithAFullBacklogIsStillLive()
    {
        using var listener = UnixSocket.Listen(SocketPath, 1);
        var clients = new List<UnixSocket>();
        for (var i = 0; i < 2; i++)
        {
            clients.Add(UnixSocket.Connect(SocketPath)); // a backlog of N holds N + 1
        }

        File.Delete(SocketPath + ".lock"); // as if it were a program that takes no lock

        AssertRefused(Errno.EADDRINUSE, "a program listens there already", () => UnixSocket.Listen(SocketPath, 4));
        clients.ForEach(static client => client.Dispose());
    }

    [Fact]
    public void SocketThatAKilledProcessLeftIsReplaced()
    {
        var (mine, its) = UnixSocket.CreatePair();
        using var parent = mine;
        using var child = Program.Spawn("listen", its, SocketPath);
        its.Dispose();
        Assert.Equal(5, parent.Receive(new byte[8], [], out _, out _));
        AssertRefused(Errno.EADDRINUSE, "a program listens there already", () => UnixSocket.Listen(SocketPath, 4));
        child.Kill();
        Assert.True(child.TryWait(TimeSpan.FromSeconds(10), out _));
        Assert.True(File.Exists(SocketPath));
        using var listener = UnixSocket.Listen(SocketPath, 4);
        using var client = UnixSocket.Connect(SocketPath);
        using var accepted = listener.Accept();
    }

    [Fact]
    public void ShutDownListenerKeepsItsPathUntilItIsDisposed()
    {
        var first = UnixSocket.Listen(SocketPath, 4);
        first.Shutdown();
        AssertRefused(Errno.EADDRINUSE, "a program listens there already", () => UnixSocket.Listen(SocketPath, 4));
        first.Dispose();
        using var second = UnixSocket.Listen(SocketPath, 4);
        using var client = UnixSocket.Connect(SocketPath);
    }

    [Fact]
    public void PathThatSomebodyElseTookIsNotRemoved()
    {
        var listener = UnixSocket.Listen(SocketPath, 4);
        File.Delete(SocketPath);
        File.WriteAllText(SocketPath, "data");
        listener.Dispose();
        Assert.Equal("data", File.ReadAllText(SocketPath));
    }

    [Fact]
    public void WhatIsNotASocketIsLeftAlone()
    {
        File.WriteAllText(SocketPath, "data");
        AssertRefused(Errno.EEXIST, "not a socket", () => UnixSocket.Listen(SocketPath, 4));
        Assert.Equal("data", File.ReadAllText(SocketPath));
        Directory.CreateDirectory(_folder.File("folder"));
        AssertRefused(Errno.EEXIST, "not a socket", () => UnixSocket.Listen(_folder.File("folder"), 4));
    }

    [NeedsFact(Need.Mount)]
    public void AnotherUsersLeftoverIsNamed()
    {
        LeaveStale();
        using (var chown = System.Diagnostics.Process.Start("chown", ["12345", SocketPath]))
        {
            chown.WaitForExit();
        }

        AssertRefused(Errno.EADDRINUSE, "user 12345 left a socket", () => UnixSocket.Listen(SocketPath, 4));
    }

    [Fact]
    public void PathsThatCannotBeAreExplained()
    {
        var tooLong = "/tmp/" + new string('ü', 60);
        AssertRefused(Errno.EINVAL, "at most 107; choose a shorter", () => UnixSocket.Listen(tooLong, 4));
        var missing = _folder.File("missing/hmm.sock");
        AssertRefused(Errno.ENOENT, "the folder does not exist; create it", () => UnixSocket.Listen(missing, 4));
        File.WriteAllText(_folder.File("file"), "");
        var inFile = _folder.File("file/hmm.sock");
        AssertRefused((Errno)20, "a file; choose another path", () => UnixSocket.Listen(inFile, 4));
        Assert.Throws<ArgumentException>(() => UnixSocket.Listen("", 4));
        Assert.Throws<ArgumentException>(() => UnixSocket.Listen("a\0b", 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => UnixSocket.Listen(SocketPath, 0));
    }

    [Fact]
    public void LongestPathWorks()
    {
        var longest = _folder.Path + "/" + new string('x', 107 - _folder.Path.Length - 1);
        using var listener = UnixSocket.Listen(longest, 4);
        using var client = UnixSocket.Connect(longest);
    }

    [Fact]
    public void WhoeverFindsThePathIsHeard()
    {
        for (var i = 0; i < 300; i++)
        {
            var listening = Task.Run(() => UnixSocket.Listen(SocketPath, 4));
            while (!File.Exists(SocketPath))
            {
                Assert.False(listening.IsFaulted, $"{listening.Exception}");
            }

            using var client = UnixSocket.Connect(SocketPath);
            listening.Result.Dispose();
            Assert.Empty(Directory.GetFiles(_folder.Path));
        }
    }

    [Fact]
    public void WhatAListenerLeftThatWasKilledBeforeItListenedIsReplaced()
    {
        File.WriteAllText(SocketPath + ".lock", "");
        Assert.Equal(Errno.None, FileStatus.TryOf(SocketPath + ".lock", out var held));
        var left = _folder.File($".hmm-{held.Identity.Number:x}");
        LeaveStale(left);
        using var listener = UnixSocket.Listen(SocketPath, 4);
        using var client = UnixSocket.Connect(SocketPath);
        Assert.False(File.Exists(left));
    }

    [Fact]
    public void ListenersOfOneFolderDoNotMeet()
    {
        for (var i = 0; i < 50; i++)
        {
            var paths = Enumerable.Range(0, 8).Select(number => _folder.File($"s{number}")).ToArray();
            var listeners = new UnixSocket[paths.Length];
            Parallel.For(0, paths.Length, number => listeners[number] = UnixSocket.Listen(paths[number], 4));
            for (var number = 0; number < paths.Length; number++)
            {
                using var client = UnixSocket.Connect(paths[number]);
                using var accepted = listeners[number].Accept();
            }

            Array.ForEach(listeners, static listener => listener.Dispose());
            Assert.Empty(Directory.GetFiles(_folder.Path));
        }
    }

    [Fact]
    public void AFolderThatLeavesNoRoomForAnotherNameWorks()
    {
        var folder = _folder.Path + "/" + new string('x', 107 - _folder.Path.Length - 3);
        Directory.CreateDirectory(folder);
        using var listener = UnixSocket.Listen(folder + "/s", 4);
        using var client = UnixSocket.Connect(folder + "/s");
    }

    [NeedsFact(Need.Mount)]
    public void ReadOnlyFolderIsNamed()
    {
        using var mounted = new MountedFolder("tmpfs", "size=64k,ro");
        AssertRefused(Errno.EROFS, "read-only", () => UnixSocket.Listen(mounted.Path + "/hmm.sock", 4));
    }

    [Fact]
    public void LockThatIsALinkIsNotFollowed()
    {
        File.CreateSymbolicLink(SocketPath + ".lock", _folder.File("victim"));
        AssertRefused((Errno)40, "a symbolic link", () => UnixSocket.Listen(SocketPath, 4));
        Assert.False(File.Exists(_folder.File("victim")));
    }

    [Fact]
    public void ConnectingToNobodySaysHowToStartAHost()
    {
        AssertRefused(Errno.ENOENT, "hmm host --socket", () => UnixSocket.Connect(SocketPath));
        LeaveStale();
        AssertRefused(Errno.ECONNREFUSED, "hmm host --socket", () => UnixSocket.Connect(SocketPath));
    }

    [Fact]
    public void ConnectingToAnotherKindOfProgramSaysSo()
    {
        using var stream = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix,
            System.Net.Sockets.SocketType.Stream,
            System.Net.Sockets.ProtocolType.Unspecified);
        stream.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(SocketPath));
        stream.Listen();
        AssertRefused((Errno)91, "no host", () => UnixSocket.Connect(SocketPath));
        AssertRefused(Errno.EADDRINUSE, "a program listens there already", () => UnixSocket.Listen(SocketPath, 4));
    }

    [Fact]
    public void ShutdownWakesABlockedAcceptor()
    {
        using var listener = UnixSocket.Listen(SocketPath, 4);
        var acceptor = Task.Run(() => Assert.Throws<HmmException>(listener.Accept));
        listener.Shutdown();
        Assert.True(acceptor.Wait(10_000));
        Assert.Equal(Errno.ECANCELED, acceptor.Result.Errno);
    }

    [Fact]
    public void ManyListenersAtOnceLeaveOneWinner()
    {
        LeaveStale();
        var listeners = new UnixSocket?[8];
        Parallel.For(0, listeners.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            try
            {
                listeners[i] = UnixSocket.Listen(SocketPath, 4);
            }
            catch (HmmException refused) when (refused.Errno == Errno.EADDRINUSE)
            {
                // somebody else won
            }
        });
        var winner = Assert.Single(listeners, static listener => listener is not null);
        using var client = UnixSocket.Connect(SocketPath);
        winner!.Dispose();
    }

    private static void AssertRefused(Errno errno, string part, Func<object> attempt)
    {
        var refused = Assert.Throws<HmmException>(attempt);
        Assert.Equal(errno, refused.Errno);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }

    // What kill -9 leaves: a lock file that nobody holds, and a bound path without a listener.
    private unsafe void LeaveStale(string? path = null)
    {
        File.WriteAllText(SocketPath + ".lock", "");
        using var socket = new Descriptor(LibC.socket(LibC.AF_UNIX, LibC.SOCK_SEQPACKET | LibC.SOCK_CLOEXEC, 0));
        var address = new sockaddr_un { sun_family = LibC.AF_UNIX };
        System.Text.Encoding.UTF8.GetBytes(path ?? SocketPath, new Span<byte>(address.sun_path, 107));
        Assert.Equal(0, LibC.bind(socket, &address, (uint)sizeof(sockaddr_un)));
    }
}
