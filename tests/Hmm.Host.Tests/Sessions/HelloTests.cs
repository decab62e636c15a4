// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Tests.Sessions;

public sealed class HelloTests : SessionFixture
{
    [Fact]
    public void TellsTheClientWhatWasAgreed()
    {
        var reply = Client.CallBytes(WireClient.EncodeHello()).As<HelloReply>();

        Assert.Equal(1, reply.Version);
        Assert.Equal((uint)Environment.ProcessId, reply.ProcessId);
        Assert.Equal(Features.FileRanges | Features.Administration, reply.Features);
        Assert.Equal(7UL, reply.SessionId);
        Assert.Equal(64UL << 20, reply.BudgetBytes);
        Assert.Equal(Limits.RangeBytesMax, reply.RangeBytesMax);
        Assert.Equal(4096u, reply.PageBytes);
        Assert.Equal((uint)Limits.RangesPerSessionMax, reply.RangesMax);
        Assert.Equal((uint)Limits.MessageBytesMax, reply.MessageBytesMax);
        Assert.Equal((uint)Limits.RequestsInFlightMax, reply.RequestsInFlightMax);
        Assert.Equal("1.2.3", reply.HostVersion.ToString());
        Assert.Equal("test", Operations.Client.Name);
        Assert.Equal(Environment.ProcessId, Operations.Client.Peer.ProcessId);
    }

    [Fact]
    public void GrantsNoFeatureThatItDoesNotKnow()
    {
        var reply = Client.CallBytes(WireClient.EncodeHello((Features)ulong.MaxValue)).As<HelloReply>();

        Assert.Equal(Features.FileRanges | Features.Administration, reply.Features);
    }

    [Fact]
    public void RefusesAnotherVersionAndNamesBoth()
    {
        var hello = new HelloRequest { VersionMin = 8, VersionMax = 9 };
        var reply = Client.CallBytes(WireClient.Encode(Operation.Hello, hello, version: 9));

        Assert.Equal(Errno.EPROTONOSUPPORT, reply.Errno);
        Assert.Contains("8 to 9", reply.Text, StringComparison.Ordinal);
        Assert.Contains("1 to 1", reply.Text, StringComparison.Ordinal);
        Client.AssertClosed();
    }

    [Fact]
    public void MeetsANewerClientAtItsOwnVersion()
    {
        // A later version's Hello has more after what this version knows.
        var hello = WireClient.Encode(Operation.Hello, new HelloRequest { VersionMin = 1, VersionMax = 9 }, version: 9);
        var longer = new byte[hello.Length + 32];
        hello.CopyTo(longer, 0);
        longer.AsSpan(hello.Length).Fill(0xff);
        BitConverter.TryWriteBytes(longer, longer.Length);

        Assert.Equal(1, Client.CallBytes(longer).As<HelloReply>().Version);
    }

    [Fact]
    public void RefusesALongHelloOfItsOwnVersion()
    {
        var longer = new byte[Unsafe.SizeOf<HelloRequest>() + 8];
        WireClient.EncodeHello().CopyTo(longer, 0);
        BitConverter.TryWriteBytes(longer, longer.Length);

        Assert.Equal(Errno.EBADMSG, Client.CallBytes(longer).Errno);
        Client.AssertClosed();
    }

    [Fact]
    public void RefusesVersionsInTheWrongOrder()
    {
        var hello = new HelloRequest { VersionMin = 2, VersionMax = 1 };

        Assert.Equal(Errno.EBADMSG, Client.CallBytes(WireClient.Encode(Operation.Hello, hello)).Errno);
        Client.AssertClosed();
    }

    [Fact]
    public void RefusesANameThatIsNoText()
    {
        var hello = WireClient.EncodeHello();
        hello[^64] = 0xff;

        Assert.Equal(Errno.EBADMSG, Client.CallBytes(hello).Errno);
        Client.AssertClosed();
    }

    [Fact]
    public void RefusesASecondHello()
    {
        Client.Hello();

        Assert.Equal(Errno.EPROTO, Client.CallBytes(WireClient.EncodeHello()).Errno);
        Client.AssertClosed();
    }

    [Fact]
    public void RefusesAnythingBeforeHello()
    {
        var reply = Client.Call(Operation.Statistics, new StatisticsRequest { Scope = StatisticsScope.Session });

        Assert.Equal(Errno.EPROTO, reply.Errno);
        Assert.Contains("Hello", reply.Text, StringComparison.Ordinal);
        Client.AssertClosed();
    }

    [Fact]
    public void RefusesAMessageOfAVersionThatWasNotAgreed()
    {
        Client.Hello();
        var message = WireClient.Encode(Operation.CloseRange, new CloseRangeRequest { RangeId = 1 }, version: 2);
        var reply = Client.CallBytes(message);

        Assert.Equal(Errno.EPROTONOSUPPORT, reply.Errno);
        Assert.Contains("version 2", reply.Text, StringComparison.Ordinal);
        Assert.Contains("version 1", reply.Text, StringComparison.Ordinal);
        Client.AssertClosed();
    }

    [Fact]
    public void PassesOnTheHostsOwnRefusal()
    {
        Operations.Failure = new HmmException(Errno.ENOSPC, "The device folder is full; free some space.");
        var reply = Client.CallBytes(WireClient.EncodeHello());

        Assert.Equal(Errno.ENOSPC, reply.Errno);
        Assert.Equal("The device folder is full; free some space.", reply.Text);
    }
}
