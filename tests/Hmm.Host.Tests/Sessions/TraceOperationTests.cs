// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Tests.Sessions;

public sealed class TraceOperationTests : SessionFixture
{
    [Fact]
    public void PassesTracesOn()
    {
        Open();
        using var file = EventFd.Create();
        var request = new StartTraceRequest { Mode = TraceMode.Full };
        Assert.Equal(Errno.None, Client.Call(Operation.StartTrace, request, WireClient.Number(file)).Errno);
        Assert.Equal(Errno.None, Client.Call(Operation.MarkTrace, default(MarkTraceRequest)).Errno);
        var reply = Client.Call(Operation.StopTrace, new StopTraceRequest { Accesses = 77 });
        Assert.Equal(Errno.None, reply.Errno);
        Assert.True(Wire.TryReadExact<StopTraceReply>(reply.Bytes, out var counts));
        Assert.Equal((5UL, 1UL, 4096UL), (counts.Records, counts.Dropped, counts.FileBytes));
        Assert.Equal(["StartTrace Full", "MarkTrace", "StopTrace 77"], Operations.Calls.TakeLast(3));
    }

    [Fact]
    public void RefusesTracesWithoutAdministration()
    {
        Client.Hello(Features.FileRanges);
        using var file = EventFd.Create();
        var refused = Client.Call(Operation.StartTrace, default(StartTraceRequest), WireClient.Number(file));
        Assert.Equal(Errno.EPERM, refused.Errno);
        Assert.DoesNotContain(Operations.Calls, static call => call.StartsWith("StartTrace", StringComparison.Ordinal));
    }

    [Fact]
    public void AFailedStartIsTheReply()
    {
        Open();
        using var file = EventFd.Create();
        Operations.Failure = new HmmException(Errno.EBUSY, "The host records a trace already; wait.");
        var refused = Client.Call(Operation.StartTrace, default(StartTraceRequest), WireClient.Number(file));
        Assert.Equal(Errno.EBUSY, refused.Errno);
        Assert.Contains("already", refused.Text, StringComparison.Ordinal);
    }
}
