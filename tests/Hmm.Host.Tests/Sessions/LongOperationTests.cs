// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Tests.Sessions;

public sealed class LongOperationTests : SessionFixture
{
    private static readonly PageSpanRequest s_span = new() { RangeId = 1, PageCount = 1 };

    [Fact]
    public void AnswersOthersWhileALongOneRuns()
    {
        OpenHeld();
        var flush = Client.Send(Operation.Flush, s_span);
        Eventually(() => Operations.Running == 1, "the flush");

        Assert.Equal(Errno.None, Client.Call(Operation.Advise, s_span).Errno);
        Operations.MayFinish.Set();
        Assert.Equal(flush, Client.Receive().Header.Header.Tag);
    }

    [Fact]
    public void RunsAsManyAtATimeAsTheLimitSays()
    {
        OpenHeld();
        var tags = new HashSet<ulong>();
        for (var i = 0; i < 16; i++)
        {
            tags.Add(Client.Send(Operation.Flush, s_span));
        }

        Eventually(() => Operations.Running == Limits.LongOperationsMax, "four flushes");
        Operations.MayFinish.Set();
        for (var i = 0; i < 16; i++)
        {
            Assert.True(tags.Remove(Client.Receive().Header.Header.Tag));
        }

        Assert.Equal(Limits.LongOperationsMax, Operations.RunningMax);
    }

    [Fact]
    public void RefusesOneRequestMoreThanTheLimitAndTakesItLater()
    {
        OpenHeld();
        for (var i = 0; i < Limits.RequestsInFlightMax; i++)
        {
            Client.Send(Operation.Flush, s_span);
        }

        var refused = Client.Call(Operation.Flush, s_span);
        Assert.Equal(Errno.EAGAIN, refused.Errno);
        Operations.MayFinish.Set();
        for (var i = 0; i < Limits.RequestsInFlightMax; i++)
        {
            Assert.Equal(Errno.None, Client.Receive().Errno);
        }

        // A place is free before its reply is sent, so all are free by now.
        Assert.Equal(Errno.None, Client.Call(Operation.Flush, s_span).Errno);
    }

    [Fact]
    public void ClosesARangeAfterWhatWasAskedBefore()
    {
        OpenHeld();
        Client.Send(Operation.Flush, s_span);
        Client.Send(Operation.Pin, s_span);
        Eventually(() => Operations.Running == 2, "two operations");
        var close = Client.Send(Operation.CloseRange, new CloseRangeRequest { RangeId = 1 });

        // From here the range takes nothing new.
        Assert.Equal(Errno.ENOENT, Client.Call(Operation.Advise, s_span).Errno);
        Assert.Equal(Errno.ENOENT, Client.Call(Operation.CloseRange, new CloseRangeRequest { RangeId = 1 }).Errno);
        Assert.DoesNotContain("begin CloseRange 1", Operations.Calls);
        Operations.MayFinish.Set();
        Reply[] replies = [Client.Receive(), Client.Receive(), Client.Receive()];
        Assert.All(replies, reply => Assert.Equal(Errno.None, reply.Errno));
        Assert.Contains(replies, reply => reply.Header.Header.Tag == close);
        Assert.Equal("CloseRange 1", Operations.Calls.Last());
    }

    [Fact]
    public void EndsARangeThoughItsWriteBackFailed()
    {
        Open();
        Client.CreateRange();
        Operations.Failure = new HmmException(Errno.EIO, "The file could not be written.");

        Assert.Equal(Errno.EIO, Client.Call(Operation.CloseRange, new CloseRangeRequest { RangeId = 1 }).Errno);
        Assert.Equal(2UL, Client.CreateRange());
    }

    [Fact]
    public void WaitsForRunningOperationsWhenTheClientDies()
    {
        OpenHeld();
        for (var i = 0; i < 10; i++)
        {
            Client.Send(Operation.Pin, s_span);
        }

        Eventually(() => Operations.Running == Limits.LongOperationsMax, "four pins");
        Client.Dispose();

        // Those that wait are told that the connection ended; those in line never begin.
        Session.Wait();
        Assert.Equal("Closed", Operations.Calls.Last());
        var begun = Operations.Calls.Count(call => call.StartsWith("begin Pin", StringComparison.Ordinal));
        Assert.Equal(Limits.LongOperationsMax, begun);
    }

    [Fact]
    public void EndsThoughTheClientReadsNoReply()
    {
        OpenHeld();
        Operations.MayFinish.Set();
        var message = WireClient.Encode(Operation.Residency, s_span with { Argument = Limits.ResidencyCellsMax });

        // 16 KiB replies fill the socket's buffer after a dozen; the operations behind them block.
        for (var i = 0; i < Limits.RequestsInFlightMax; i++)
        {
            Assert.Equal(Errno.None, Client.SendBytes(message));
        }

        Eventually(() => Operations.Calls.Count(IsBegunResidency) >= 12, "a dozen maps");
        Session.Dispose();
        Assert.Equal(1, Operations.ClosedCount);
    }

    [Fact]
    public void EndsWhenItIsStoppedInTheMiddle()
    {
        OpenHeld();
        Client.Send(Operation.Flush, s_span);
        Eventually(() => Operations.Running == 1, "the flush");
        Session.Dispose();

        Assert.Equal("Closed", Operations.Calls.Last());
        Client.TryReceive();
    }

    private static bool IsBegunResidency(string call) => call.StartsWith("begin Residency", StringComparison.Ordinal);

    private void OpenHeld()
    {
        Open();
        Assert.Equal(1UL, Client.CreateRange());
        Operations.MayFinish.Reset();
    }
}
