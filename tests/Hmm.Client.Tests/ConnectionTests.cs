// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Client.Tests;

public sealed class ConnectionTests : ConnectedTests
{
    [Fact]
    public void IntroducesItself()
    {
        var hello = Wire.Last<HelloRequest>(Operation.Hello);

        Assert.Equal(0UL, hello.Header.Tag);
        Assert.Equal(Protocol.VersionMax, hello.Header.Version);
        Assert.Equal((uint)Environment.ProcessId, hello.ProcessId);
        Assert.Equal("test", hello.Name.ToString());
        Assert.Equal(64 << 20, Host.BudgetBytes);
        Assert.Equal("9.9", Host.HostVersion);
        Assert.Equal(1234, Host.HostProcessId);
        Assert.Equal(Features.FileRanges, Host.Features);
        Assert.True(Host.IsConnected);
    }

    [Fact]
    public void HandsOneUserfaultfdOverForAllRanges()
    {
        Assert.Empty(Wire.Requests(Operation.AdoptUserfaultfd));
        using var first = Host.Allocate<byte>(1);
        using var second = Host.Allocate<byte>(1);

        Assert.Single(Wire.Requests(Operation.AdoptUserfaultfd));
        var expected = Host.FaultMode == UserfaultFdMode.UserModeOnly ? AdoptFlags.UserModeOnly : AdoptFlags.None;
        Assert.Equal(expected, Wire.Last<AdoptUserfaultfdRequest>(Operation.AdoptUserfaultfd).Flags);
    }

    [Fact]
    public async Task CompletesRequestsInAnyOrder()
    {
        using var array = Host.Allocate<byte>(8 << 12);
        var held = Hold(Operation.Flush);
        var flushes = new Task[10];
        for (var i = 0; i < flushes.Length; i++)
        {
            flushes[i] = array.FlushAsync();
        }

        Eventually(() => held.Count == flushes.Length, "ten requests");

        // Others pass meanwhile, and the last is answered first.
        Assert.Equal(5UL, array.Statistics.Faults);
        var requests = held.ToArray();
        for (var i = requests.Length - 1; i >= 0; i--)
        {
            Assert.False(flushes[i].IsCompleted);
            Wire.Send(TestHost.Done(requests[i]));
            await flushes[i].WaitAsync(TimeSpan.FromSeconds(10));
        }

        Assert.Equal(flushes.Length, requests.Select(request => BitConverter.ToUInt64(request, 8)).Distinct().Count());
    }

    [Fact]
    public async Task SendsNoMoreThanTheHostTakes()
    {
        using var array = Host.Allocate<byte>(8 << 12);
        var held = Hold(Operation.Flush);
        var flushes = new List<Task>();
        for (var i = 0; i < Limits.RequestsInFlightMax + 1; i++)
        {
            flushes.Add(array.FlushAsync());
        }

        Eventually(() => held.Count == Limits.RequestsInFlightMax, "as many requests as the limit");
        Assert.True(held.TryDequeue(out var first));
        Wire.Send(TestHost.Done(first));
        Eventually(() => held.Count == Limits.RequestsInFlightMax, "the one that waited");
        while (held.TryDequeue(out var request))
        {
            Wire.Send(TestHost.Done(request));
        }

        await Task.WhenAll(flushes).WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task KeepsToAHostThatTakesFewerRequests()
    {
        using var wire = new TestHost { RequestsInFlightMax = 2 };
        using var host = wire.Connect();
        using var array = host.Allocate<byte>(1);
        var held = Hold(wire, Operation.Flush);
        Task[] flushes = [array.FlushAsync(), array.FlushAsync(), array.FlushAsync()];
        Eventually(() => held.Count == 2, "two requests");
        wire.Send(TestHost.Done(held.ToArray()[0]));
        Eventually(() => held.Count == 3, "the one that waited");
        wire.Send(TestHost.Done(held.ToArray()[1]));
        wire.Send(TestHost.Done(held.ToArray()[2]));

        await Task.WhenAll(flushes).WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void RefusesAHostThatChoseAnotherVersion()
    {
        using var wire = new TestHost();
        wire.Answer(Operation.Hello, request => TestHost.Done(request, new HelloReply { Version = 2 }));
        var refused = Assert.Throws<HmmException>(wire.Connect);

        Assert.Equal(Errno.EPROTONOSUPPORT, refused.Errno);
        Assert.Contains("version 2", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CancellingStopsTheWaitAndNotTheRequest()
    {
        using var array = Host.Allocate<byte>(8 << 12);
        var held = Hold(Operation.Flush);
        using var cancel = new CancellationTokenSource();
        var flush = array.FlushAsync(cancel.Token);
        Eventually(() => held.Count == 1, "the request");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => flush);

        // Its reply, when it comes, is nobody else's.
        var second = array.FlushAsync();
        Eventually(() => held.Count == 2, "the second request");
        Assert.True(held.TryDequeue(out var first));
        Wire.Send(TestHost.Done(first));
        Assert.Equal(5UL, array.Statistics.Faults);
        Assert.False(second.IsCompleted);
        Assert.True(held.TryDequeue(out var last));
        Wire.Send(TestHost.Error(last, Errno.EIO, "The file failed."));
        var failed = await Assert.ThrowsAsync<HmmException>(() => second);
        Assert.Equal(Errno.EIO, failed.Errno);
    }

    [Fact]
    public void FailsPendingAndLaterCallsWhenTheHostDies()
    {
        using var array = Host.Allocate<byte>(8 << 12);
        var held = Hold(Operation.Flush);
        var pending = array.FlushAsync();
        Eventually(() => held.Count == 1, "the request");
        Wire.Die();

        AssertLost(Assert.Throws<HmmException>(() => pending.GetAwaiter().GetResult()));
        AssertLost(Assert.Throws<HmmException>(() => array.Flush()));
        AssertLost(Assert.Throws<HmmException>(() => array.Prefetch(0, 1)));
        AssertLost(Assert.Throws<HmmException>(() => array.Read(0, new byte[1])));
        AssertLost(Assert.Throws<HmmException>(() => array.Populate(0, 1)));
        AssertLost(Assert.Throws<HmmException>(() => Host.Allocate<byte>(1)));
        AssertLost(Assert.Throws<HmmException>(() => Host.Statistics));
        Assert.False(Host.IsConnected);

        // What is in DRAM stays, and disposing an anonymous range loses nothing.
        array[5] = 6;
        Assert.Equal(6, array[5]);
    }

    [Fact]
    public void PassesOnWhyAHostRefusesAConnection()
    {
        var path = Path.Combine(Path.GetTempPath(), $"hmm-{Guid.NewGuid():N}.sock");
        using var listener = UnixSocket.Listen(path, 1);
        var refuse = new Thread(() =>
        {
            using var connection = listener.Accept();
            var nothing = new byte[MessageHeader.StructBytes];
            BitConverter.TryWriteBytes(nothing.AsSpan(6), (ushort)Operation.Hello);
            connection.Send(TestHost.Error(nothing, Errno.EAGAIN, "The host serves 2 sessions, its limit."), []);
            connection.Shutdown();
            while (connection.Receive(new byte[512], [], out _, out _) > 0)
            {
                // What the client sent before it heard.
            }
        });
        refuse.Start();

        var refused = Assert.Throws<HmmException>(() => HmmHost.Connect(path));
        refuse.Join();
        Assert.Equal(Errno.EAGAIN, refused.Errno);
        Assert.Equal("The host serves 2 sessions, its limit.", refused.Sentence);
    }

    [Fact]
    public void SaysThatNobodyListens()
    {
        var refused = Assert.Throws<HmmException>(() => HmmHost.Connect("/tmp/hmm-nobody-listens.sock"));
        Assert.Equal(Errno.ENOENT, refused.Errno);
    }

    public static TheoryData<byte[]> NotReplies() => new()
    {
        new byte[1],
        new byte[23],
        new byte[24],
        Header(sizeBytes: 40, Errno.None, textBytes: 0),
        Header(sizeBytes: 24, Errno.EIO, textBytes: 9),
    };

    [Theory]
    [MemberData(nameof(NotReplies))]
    public void EndsAConnectionThatSendsNoReplies(byte[] message)
    {
        Wire.Send(message);
        Eventually(() => !Host.IsConnected, "the end");

        Assert.Equal(Errno.EPROTO, Assert.Throws<HmmException>(() => Host.Statistics).Errno);
    }

    [Fact]
    public void RefusesAReplyOfTheWrongShape()
    {
        Wire.Answer(Operation.Statistics, request => TestHost.Done(request, new byte[8]));
        Wire.Answer(Operation.Residency, request => TestHost.Done(request, new byte[8]));
        using var array = Host.Allocate<byte>(1);

        Assert.Equal(Errno.EPROTO, Assert.Throws<HmmException>(() => Host.Statistics).Errno);
        Assert.Equal(Errno.EPROTO, Assert.Throws<HmmException>(() => array.Residency(5)).Errno);
        Assert.True(Host.IsConnected);
    }

    [Fact]
    public void IgnoresRepliesThatNobodyWaitsFor()
    {
        Wire.Send(TestHost.Done(new byte[MessageHeader.StructBytes]));

        Assert.Equal(5UL, Host.Statistics.Faults);
    }

    [Fact]
    public void ReadsListsPageByPage()
    {
        Wire.Answer(Operation.Query, request =>
        {
            var cursor = BitConverter.ToUInt64(request, 24);
            return TestHost.Done(request, Page(cursor, count: 3, next: cursor == 9 ? 0 : cursor + 3));
        });

        var ranges = Host.Ranges();
        Assert.Equal(Enumerable.Range(0, 12).Select(id => (ulong)id), ranges.Select(range => range.RangeId));
    }

    [Fact]
    public void EndsAListThatABrokenHostDoesNot()
    {
        Wire.Answer(Operation.Query, request => TestHost.Done(request, Page(0, count: 0, next: 1)));

        Assert.Equal(Errno.EPROTO, Assert.Throws<HmmException>(() => Host.Ranges()).Errno);
    }

    [Fact]
    public void AllocatesNothingForACallInTheSteadyState()
    {
        using var array = Host.Allocate<byte>(8 << 12);
        for (var i = 0; i < 100; i++)
        {
            array.Flush();
            array.Prefetch(0, 4096);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            array.Flush();
            array.Prefetch(0, 4096);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024);
    }

    private static byte[] Page(ulong first, int count, ulong next)
    {
        var body = new byte[16 + (count * RangeRecord.StructBytes)];
        BitConverter.TryWriteBytes(body, next);
        BitConverter.TryWriteBytes(body.AsSpan(8), count);
        BitConverter.TryWriteBytes(body.AsSpan(12), RangeRecord.StructBytes);
        for (var i = 0; i < count; i++)
        {
            var record = new RangeRecord { RangeId = first + (ulong)i };
            Uapi.Wire.Write(body.AsSpan(16 + (i * RangeRecord.StructBytes)), in record);
        }

        return body;
    }

    private static byte[] Header(uint sizeBytes, Errno errno, uint textBytes)
    {
        var message = new byte[ReplyHeader.StructBytes];
        Uapi.Wire.Write(message, new ReplyHeader
        {
            Header = new MessageHeader { SizeBytes = sizeBytes, Version = 1 },
            Errno = errno,
            TextBytes = textBytes,
        });
        return message;
    }

    private ConcurrentQueue<byte[]> Hold(Operation operation) => Hold(Wire, operation);

    private static ConcurrentQueue<byte[]> Hold(TestHost wire, Operation operation)
    {
        var held = new ConcurrentQueue<byte[]>();
        wire.Answer(operation, request =>
        {
            held.Enqueue(request);
            return null;
        });
        return held;
    }

    private static void AssertLost(HmmException exception)
    {
        Assert.Equal(Errno.ECONNRESET, exception.Errno);
        Assert.Contains("process 1234", exception.Message, StringComparison.Ordinal);
    }
}
