// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux.Interop;
using Hmm.Linux.Tests.Support;
using Hmm.Uapi;

namespace Hmm.Linux.Tests;

/// <summary>Messages and descriptors over connected sockets.</summary>
public sealed class UnixSocketTests
{
    [Fact]
    public void MessagesKeepTheirBoundaries()
    {
        var (left, right) = UnixSocket.CreatePair();
        using var sender = left;
        using var receiver = right;
        Assert.Equal(Errno.None, sender.Send("one"u8, []));
        Assert.Equal(Errno.None, sender.Send("three"u8, []));
        Assert.Equal("one"u8, Receive(receiver, out var descriptors));
        Assert.Empty(descriptors);
        Assert.Equal("three"u8, Receive(receiver, out _));
    }

    [Fact]
    public void DescriptorsArriveAsWorkingCopiesThatNoChildInherits()
    {
        var (left, right) = UnixSocket.CreatePair();
        using var sender = left;
        using var receiver = right;
        using var first = EventFd.Create();
        using var second = EventFd.Create();
        Assert.Equal(Errno.None, sender.Send("x"u8, [Number(first), Number(second)]));
        Receive(receiver, out var descriptors);
        Assert.Equal(2, descriptors.Length);
        using var copyOfFirst = new Descriptor(descriptors[0]);
        using var copyOfSecond = new Descriptor(descriptors[1]);
        second.Signal();
        Assert.False(Poll.WaitReadable(copyOfFirst, 0));
        Assert.True(Poll.WaitReadable(copyOfSecond, 0));
        Assert.Equal(LibC.FD_CLOEXEC, LibC.fcntl(copyOfFirst, LibC.F_GETFD, 0));
        Assert.Equal(LibC.FD_CLOEXEC, LibC.fcntl(copyOfSecond, LibC.F_GETFD, 0));
    }

    [Fact]
    public void EightDescriptorsFitAndNineDoNot()
    {
        var (left, right) = UnixSocket.CreatePair();
        using var sender = left;
        using var receiver = right;
        using var signal = EventFd.Create();
        var numbers = Enumerable.Repeat(Number(signal), UnixSocket.DescriptorsMax).ToArray();
        Assert.Equal(Errno.None, sender.Send("x"u8, numbers));
        Receive(receiver, out var descriptors);
        Assert.Equal(UnixSocket.DescriptorsMax, descriptors.Length);
        Array.ForEach(descriptors, static number => Assert.Equal(0, LibC.close(number)));
        Assert.Throws<ArgumentException>(() => sender.Send("x"u8, [.. numbers, Number(signal)]));
    }

    [Fact]
    public void MessageWithTooManyBytesIsDroppedWithItsDescriptors()
    {
        var (left, right) = UnixSocket.CreatePair();
        using var sender = left;
        using var receiver = right;
        var open = SendPipeEnd(sender, "four");
        Assert.Equal(0, receiver.Receive(new byte[3], new int[8], out var count, out var error));
        Assert.Equal(Errno.EMSGSIZE, error);
        Assert.Equal(0, count);
        AssertAllCopiesClosed(open);
        Assert.Equal(Errno.None, sender.Send("next"u8, []));
        Assert.Equal("next"u8, Receive(receiver, out _));
    }

    [Fact]
    public void MessageWithTooManyDescriptorsIsDroppedWithAllOfThem()
    {
        var (left, right) = UnixSocket.CreatePair();
        using var sender = left;
        using var receiver = right;
        var open = SendPipeEnd(sender, "x");
        Assert.Equal(0, receiver.Receive(new byte[8], [], out _, out var error));
        Assert.Equal(Errno.EMSGSIZE, error);
        AssertAllCopiesClosed(open);
    }

    [Fact]
    public unsafe void MoreDescriptorsThanTheLimitAreClosedToo()
    {
        var (left, right) = UnixSocket.CreatePair();
        using var sender = left;
        using var receiver = right;
        var (its, mine) = UnixSocket.CreatePair();
        using var watched = mine;
        using (its)
        {
            // Past Send's own limit, as a hostile client could.
            const int Count = 20;
            var control = stackalloc byte[sizeof(cmsghdr) + (Count * sizeof(int))];
            var length = (nuint)(sizeof(cmsghdr) + (Count * sizeof(int)));
            *(cmsghdr*)control = new cmsghdr { cmsg_len = length, cmsg_level = 1, cmsg_type = 1 };
            new Span<int>(control + sizeof(cmsghdr), Count).Fill(Number(its));
            byte text = 1;
            var vector = new iovec { iov_base = (nint)(&text), iov_len = 1 };
            var header = new msghdr
            {
                msg_iov = (nint)(&vector),
                msg_iovlen = 1,
                msg_control = (nint)control,
                msg_controllen = length,
            };
            Assert.Equal(1, LibC.sendmsg(sender, &header, 0));
        }

        Assert.Equal(0, receiver.Receive(new byte[8], new int[8], out _, out var error));
        Assert.Equal(Errno.EMSGSIZE, error);
        AssertAllCopiesClosed(watched);
    }

    [Fact]
    public unsafe void EmptyMessageLeavesNoDescriptorBehind()
    {
        var (left, right) = UnixSocket.CreatePair();
        using var sender = left;
        using var receiver = right;
        var (its, mine) = UnixSocket.CreatePair();
        using var watched = mine;
        using (its)
        {
            var control = stackalloc byte[24];
            *(cmsghdr*)control = new cmsghdr { cmsg_len = 20, cmsg_level = 1, cmsg_type = 1 };
            *(int*)(control + 16) = Number(its);
            var header = new msghdr { msg_control = (nint)control, msg_controllen = 24 };
            Assert.Equal(0, LibC.sendmsg(sender, &header, 0));
        }

        Assert.Equal(0, receiver.Receive(new byte[8], new int[8], out var count, out var error));
        Assert.Equal((0, Errno.None), (count, error));
        AssertAllCopiesClosed(watched);
    }

    [Fact]
    public void ClosedEndIsSeenByBothReceiverAndSender()
    {
        var (left, right) = UnixSocket.CreatePair();
        using var here = left;
        right.Dispose();
        Assert.Equal(0, here.Receive(new byte[8], [], out _, out var error));
        Assert.Equal(Errno.None, error);
        Assert.Equal(Errno.EPIPE, here.Send("x"u8, []));
    }

    [Fact]
    public void EndWithUnreadMessagesIsAReset()
    {
        var (left, right) = UnixSocket.CreatePair();
        using var here = left;
        here.Send("unread"u8, []);
        right.Dispose();
        Assert.Equal(0, here.Receive(new byte[8], [], out _, out var error));
        Assert.Equal(Errno.ECONNRESET, error);
    }

    [Fact]
    public void ImpossibleMessagesAreRefused()
    {
        var (left, right) = UnixSocket.CreatePair();
        using var sender = left;
        using var receiver = right;
        Assert.Throws<ArgumentException>(() => sender.Send([], []));
        Assert.Equal(Errno.EMSGSIZE, sender.Send(new byte[16 << 20], []));
        Assert.Equal(Errno.EBADF, sender.Send("x"u8, [1 << 20]));
        Assert.False(Poll.WaitReadable(receiver, 0));
    }

    [Fact]
    public void ShutdownWakesABlockedReceiver()
    {
        var (left, right) = UnixSocket.CreatePair();
        using var here = left;
        using var there = right;
        var receiver = Task.Run(() => here.Receive(new byte[8], [], out _, out _));
        here.Shutdown();
        Assert.True(receiver.Wait(10_000));
        Assert.Equal(0, receiver.Result);
        here.Shutdown();
    }

    [Fact]
    public void NonBlockingSocketNeverAnswersTryAgain()
    {
        var (left, right) = UnixSocket.CreatePair();
        using var sender = left;
        using var receiver = right;
        LibC.fcntl(sender, LibC.F_SETFL, LibC.O_NONBLOCK);
        LibC.fcntl(receiver, LibC.F_SETFL, LibC.O_NONBLOCK);
        const int Messages = 2000; // several times the queue of 10 to 512 datagrams
        var message = new byte[100];
        var sending = Task.Run(() => Enumerable.Range(0, Messages).All(_ => sender.Send(message, []) == Errno.None));
        var buffer = new byte[128];
        for (var i = 0; i < Messages; i++)
        {
            Assert.Equal(100, receiver.Receive(buffer, [], out _, out var error));
            Assert.Equal(Errno.None, error);
        }

        Assert.True(sending.Wait(10_000) && sending.Result);
    }

    [Fact]
    public void PeerIsThisProcess()
    {
        var (left, right) = UnixSocket.CreatePair();
        using var here = left;
        using var there = right;
        Assert.Equal(Environment.ProcessId, here.Peer.ProcessId);
        Assert.Equal(SystemInfo.UserId, here.Peer.UserId);
    }

    [Fact]
    public void MessagesAllocateNothing()
    {
        var (left, right) = UnixSocket.CreatePair();
        using var sender = left;
        using var receiver = right;
        var buffer = new byte[64];
        var failures = 0;
        Cycle();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            Cycle();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, failures);

        void Cycle()
        {
            failures += sender.Send("message"u8, []) == Errno.None ? 0 : 1;
            failures += receiver.Receive(buffer, [], out _, out _) == 7 ? 0 : 1;
        }
    }

    [Fact]
    public void AdoptingNothingIsRefused()
        => Assert.Equal(Errno.EBADF, Assert.Throws<HmmException>(() => UnixSocket.Adopt(1 << 20)).Errno);

    private static int Number(DescriptorHandle handle) => (int)handle.DangerousGetHandle();

    private static byte[] Receive(UnixSocket socket, out int[] descriptors)
    {
        var buffer = new byte[64];
        var numbers = new int[UnixSocket.DescriptorsMax];
        var length = socket.Receive(buffer, numbers, out var count, out var error);
        Assert.Equal(Errno.None, error);
        descriptors = numbers[..count];
        return buffer[..length];
    }

    // Sends the one open copy of a socket whose other end tells when every copy is gone.
    private static UnixSocket SendPipeEnd(UnixSocket sender, string text)
    {
        var (its, mine) = UnixSocket.CreatePair();
        using (its)
        {
            Assert.Equal(Errno.None, sender.Send(System.Text.Encoding.UTF8.GetBytes(text), [Number(its), Number(its)]));
        }

        Assert.False(Poll.WaitReadable(mine, 0));
        return mine;
    }

    private static void AssertAllCopiesClosed(UnixSocket watched)
    {
        // Not at once: a child that another test spawns has copies of all descriptors until it runs
        // its program.
        Assert.True(Poll.WaitReadable(watched, 10_000), "a received descriptor is still open");
        watched.Dispose();
    }
}
