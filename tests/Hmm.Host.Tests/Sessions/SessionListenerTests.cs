// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Host.Sessions;
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Tests.Sessions;

public sealed class SessionListenerTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"hmm-{Guid.NewGuid():N}.sock");
    private readonly List<RecordingOperations> _operations = [];
    private SessionListener? _listener;

    public void Dispose()
    {
        _listener?.Dispose();
        foreach (var operations in _operations)
        {
            Assert.Empty(operations.Violations);
            operations.Dispose();
        }
    }

    [Fact]
    public void ServesSeveralClientsWithSessionsOfTheirOwn()
    {
        Listen();
        using var first = Connect();
        using var second = Connect();
        first.Hello();
        second.Hello();
        first.Adopt();
        second.Adopt();

        Assert.Equal(1UL, first.CreateRange());
        Assert.Equal(1UL, second.CreateRange());
        Assert.Equal(2, _listener!.SessionCount);
        Assert.Equal(2, _operations.Count);
    }

    [Fact]
    public void EndsOnlyTheSessionOfAMalformedMessage()
    {
        Listen();
        using var good = Connect();
        using var bad = Connect();
        good.Hello();
        bad.Hello();

        Assert.Equal(Errno.EBADMSG, bad.CallBytes(new byte[20]).Errno);
        bad.AssertClosed();
        var statistics = new StatisticsRequest { Scope = StatisticsScope.Session };
        Assert.Equal(Errno.None, good.Call(Operation.Statistics, statistics).Errno);
        Assert.True(SpinWait.SpinUntil(() => _listener!.SessionCount == 1, WireClient.LimitMs));
    }

    [Fact]
    public void TellsAStrangerWhyItIsNotServed()
    {
        Listen(allow: _ => false);
        using var client = Connect();
        var reply = client.Receive();

        Assert.Equal(Errno.EACCES, reply.Errno);
        Assert.Equal(Operation.Hello, reply.Header.Header.Operation);
        Assert.Equal(0UL, reply.Header.Header.Tag);
        client.AssertClosed();
        Assert.Empty(_operations);
    }

    [Fact]
    public void RefusesOneSessionMoreThanTheLimit()
    {
        Listen(sessionsMax: 2);
        using var first = Connect();
        using var second = Connect();
        first.Hello();
        second.Hello();
        using (var third = Connect())
        {
            Assert.Equal(Errno.EAGAIN, third.Receive().Errno);
            third.AssertClosed();
        }

        second.Dispose();
        Assert.True(SpinWait.SpinUntil(() => _listener!.SessionCount == 1, WireClient.LimitMs));
        using var fourth = Connect();
        fourth.Hello();
    }

    [Fact]
    public void PassesOnWhyNothingCanServeASession()
    {
        _listener = SessionListener.Start(
            UnixSocket.Listen(_path, 8),
            _ => throw new HmmException(Errno.ENOSPC, "The device folder is full; free some space."));
        using var client = Connect();
        var reply = client.Receive();

        Assert.Equal(Errno.ENOSPC, reply.Errno);
        Assert.Equal("The device folder is full; free some space.", reply.Text);
    }

    [Fact]
    public void EndsEverySessionWithItself()
    {
        Listen();
        using var first = Connect();
        using var second = Connect();
        first.Hello();
        second.Hello();
        _listener!.Dispose();
        _listener = null;

        Assert.All(_operations, operations => Assert.Equal(1, operations.ClosedCount));
        first.AssertClosed();
        second.AssertClosed();
        Assert.False(File.Exists(_path));
    }

    private void Listen(Func<PeerCredentials, bool>? allow = null, int sessionsMax = Limits.SessionsMax)
    {
        _listener = SessionListener.Start(UnixSocket.Listen(_path, 8), Serve, allow, sessionsMax);
    }

    private RecordingOperations Serve(PeerCredentials peer)
    {
        Assert.Equal(Environment.ProcessId, peer.ProcessId);
        var operations = new RecordingOperations();
        _operations.Add(operations);
        return operations;
    }

    private WireClient Connect() => new(UnixSocket.Connect(_path));
}
