// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Linux.Tests;

/// <summary>Epoll, EventFd and Poll.</summary>
public sealed class WaitTests
{
    [Fact]
    public void SignalIsReadableUntilCleared()
    {
        using var signal = EventFd.Create();
        Assert.False(Poll.WaitReadable(signal, 0));
        signal.Signal();
        signal.Signal();
        Assert.True(Poll.WaitReadable(signal, 0));
        signal.Clear();
        Assert.False(Poll.WaitReadable(signal, 0));
        signal.Clear();
        Assert.False(Poll.WaitReadable(signal, 0));
    }

    [Fact]
    public void SignalWakesAWaiter()
    {
        using var signal = EventFd.Create();
        var waiter = Task.Run(() => Poll.WaitReadable(signal, -1));
        signal.Signal();
        Assert.True(waiter.Wait(10_000));
        Assert.True(waiter.Result);
    }

    [Fact]
    public void EpollReportsTagsOfReadyDescriptorsOnly()
    {
        using var epoll = Epoll.Create();
        using var first = EventFd.Create();
        using var second = EventFd.Create();
        epoll.Add(first, 0xFEDC_BA98_7654_3210);
        epoll.Add(second, 2);
        var events = new EpollEvent[4];
        Assert.Equal(0, epoll.Wait(events, 0, out var error));
        Assert.Equal(Errno.None, error);
        first.Signal();
        Assert.Equal(1, epoll.Wait(events, -1, out _));
        Assert.Equal(new EpollEvent(1, 0xFEDC_BA98_7654_3210), events[0]);
        second.Signal();
        Assert.Equal(2, epoll.Wait(events, -1, out _));
        Assert.Equal([2UL, 0xFEDC_BA98_7654_3210], events.Take(2).Select(static ready => ready.Tag).Order());
        Assert.Equal(1, epoll.Wait(events.AsSpan(0, 1), -1, out _));
    }

    [Fact]
    public void RemovedDescriptorIsNotReported()
    {
        using var epoll = Epoll.Create();
        using var signal = EventFd.Create();
        epoll.Add(signal, 1);
        signal.Signal();
        epoll.Remove(signal);
        Assert.Equal(0, epoll.Wait(new EpollEvent[1], 0, out _));
    }

    [Fact]
    public void EpollMisuseSaysWhatToDo()
    {
        using var epoll = Epoll.Create();
        using var signal = EventFd.Create();
        Assert.Equal(Errno.ENOENT, Assert.Throws<HmmException>(() => epoll.Remove(signal)).Errno);
        epoll.Add(signal, 1);
        var twice = Assert.Throws<HmmException>(() => epoll.Add(signal, 1));
        Assert.Equal(Errno.EEXIST, twice.Errno);
        Assert.Contains("remove it first", twice.Message, StringComparison.Ordinal);
        using var file = File.OpenHandle(typeof(WaitTests).Assembly.Location);
        Assert.Equal(Errno.EPERM, Assert.Throws<HmmException>(() => epoll.Add(file, 1)).Errno);
    }

    [Fact]
    public void EmptyWaitWithALimitReturns()
    {
        using var epoll = Epoll.Create();
        Assert.Equal(0, epoll.Wait(new EpollEvent[1], 20, out var error));
        Assert.Equal(Errno.None, error);
        Assert.Equal(Errno.EINVAL, EmptySpanError(epoll));
    }

    private static Errno EmptySpanError(Epoll epoll)
    {
        Assert.Equal(0, epoll.Wait([], 0, out var error));
        return error;
    }
}
