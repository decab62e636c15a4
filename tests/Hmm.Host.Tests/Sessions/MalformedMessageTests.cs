// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Tests.Sessions;

public sealed class MalformedMessageTests : SessionFixture
{
    /// <summary>
    /// Every operation, with a well-formed message and how many descriptors it takes.
    /// </summary>
    public static TheoryData<Operation, byte[], int> WellFormed()
    {
        var adopt = default(AdoptUserfaultfdRequest);
        var span = new PageSpanRequest { RangeId = 1, PageCount = 1 };
        var cells = span with { Argument = 8 };
        return new TheoryData<Operation, byte[], int>
        {
            { Operation.AdoptUserfaultfd, WireClient.Encode(Operation.AdoptUserfaultfd, adopt), 1 },
            { Operation.CreateRange, WireClient.Encode(Operation.CreateRange, WireClient.Anonymous()), 1 },
            { Operation.CloseRange, WireClient.Encode(Operation.CloseRange, new CloseRangeRequest { RangeId = 1 }), 0 },
            { Operation.Hint, WireClient.Encode(Operation.Hint, span), 0 },
            { Operation.Advise, WireClient.Encode(Operation.Advise, span), 0 },
            { Operation.DontNeed, WireClient.Encode(Operation.DontNeed, span), 0 },
            { Operation.Pin, WireClient.Encode(Operation.Pin, span), 0 },
            { Operation.Unpin, WireClient.Encode(Operation.Unpin, span), 0 },
            { Operation.Flush, WireClient.Encode(Operation.Flush, span), 0 },
            { Operation.Statistics, WireClient.Encode(Operation.Statistics, new StatisticsRequest { RangeId = 1 }), 0 },
            { Operation.Describe, WireClient.Encode(Operation.Describe, new DescribeRequest { RangeId = 1 }), 0 },
            { Operation.Residency, WireClient.Encode(Operation.Residency, cells), 0 },
            { Operation.Query, WireClient.Encode(Operation.Query, default(QueryRequest)), 0 },
            { Operation.RemoveDevice, WireClient.Encode(Operation.RemoveDevice, default(RemoveDeviceRequest)), 0 },
            { Operation.AddDevice, WireClient.Encode(Operation.AddDevice, default(AddDeviceRequest)), 0 },
            { Operation.LoadModule, WireClient.Encode(Operation.LoadModule, default(LoadModuleRequest)), 0 },
            { Operation.UnloadModule, WireClient.Encode(Operation.UnloadModule, default(UnloadModuleRequest)), 0 },
            { Operation.ReadModules, WireClient.Encode(Operation.ReadModules, default(ReadModulesRequest)), 0 },
            { Operation.Migrate, WireClient.Encode(Operation.Migrate, WireClient.Migration()), 0 },
            { Operation.OpenPersistent, WireClient.Encode(Operation.OpenPersistent, WireClient.Persistent()), 1 },
            { Operation.Checkpoint, WireClient.Encode(Operation.Checkpoint, new CheckpointRequest { RangeId = 1 }), 0 },
            { Operation.StartTrace, WireClient.Encode(Operation.StartTrace, default(StartTraceRequest)), 1 },
            { Operation.StopTrace, WireClient.Encode(Operation.StopTrace, default(StopTraceRequest)), 0 },
        };
    }

    [Theory]
    [MemberData(nameof(WellFormed))]
    public void RefusesAShortMessage(Operation operation, byte[] message, int descriptors)
    {
        var reply = AssertMalformed(Resize(message, message.Length - 1), descriptors);
        Assert.Equal(operation, reply.Header.Header.Operation);
    }

    [Theory]
    [MemberData(nameof(WellFormed))]
    public void RefusesALongMessage(Operation operation, byte[] message, int descriptors)
    {
        var reply = AssertMalformed(Resize(message, message.Length + 1), descriptors);
        Assert.Equal(operation, reply.Header.Header.Operation);
    }

    [Theory]
    [MemberData(nameof(WellFormed))]
    public void RefusesOneDescriptorMoreAndClosesAll(Operation operation, byte[] message, int descriptors)
    {
        Assert.Equal(operation, AssertMalformed(message, descriptors + 1).Header.Header.Operation);
    }

    [Theory]
    [InlineData(Operation.AdoptUserfaultfd)]
    [InlineData(Operation.CreateRange)]
    [InlineData(Operation.OpenPersistent)]
    [InlineData(Operation.StartTrace)]
    public void RefusesAMissingDescriptor(Operation operation)
    {
        AssertMalformed(MessageOf(operation), descriptors: 0);
    }

    /// <summary>
    /// Where each operation keeps what must be zero, or small: byte offsets of the wire.
    /// </summary>
    [Theory]
    [InlineData(Operation.AdoptUserfaultfd, 16)]
    [InlineData(Operation.AdoptUserfaultfd, 20)]
    [InlineData(Operation.OpenPersistent, 52)]
    [InlineData(Operation.OpenPersistent, 56)]
    [InlineData(Operation.CreateRange, 48)]
    [InlineData(Operation.CreateRange, 52)]
    [InlineData(Operation.Hint, 40)]
    [InlineData(Operation.Hint, 44)]
    [InlineData(Operation.Advise, 40)]
    [InlineData(Operation.Advise, 44)]
    [InlineData(Operation.DontNeed, 40)]
    [InlineData(Operation.DontNeed, 44)]
    [InlineData(Operation.Pin, 40)]
    [InlineData(Operation.Pin, 44)]
    [InlineData(Operation.Unpin, 40)]
    [InlineData(Operation.Unpin, 44)]
    [InlineData(Operation.Flush, 40)]
    [InlineData(Operation.Flush, 44)]
    [InlineData(Operation.Residency, 44)]
    [InlineData(Operation.Statistics, 24)]
    [InlineData(Operation.Statistics, 28)]
    [InlineData(Operation.Query, 16)]
    [InlineData(Operation.Query, 20)]
    [InlineData(Operation.LoadModule, 464)]
    [InlineData(Operation.LoadModule, 468)]
    [InlineData(Operation.Migrate, 44)]
    [InlineData(Operation.Migrate, 108)]
    [InlineData(Operation.ReadModules, 16)]
    [InlineData(Operation.ReadModules, 20)]
    [InlineData(Operation.StartTrace, 16)]
    [InlineData(Operation.StartTrace, 20)]
    public void RefusesUnknownValuesAndReservedBits(Operation operation, int offset)
    {
        var message = MessageOf(operation);
        message[offset + 3] = 0x80;

        AssertMalformed(message, DescriptorsOf(operation));
    }

    [Fact]
    public void RefusesAFileRangeWithOneDescriptor()
    {
        var request = WireClient.Anonymous() with { Kind = RangeKind.FilePrivate, FileBytes = 16 << 12 };

        AssertMalformed(WireClient.Encode(Operation.CreateRange, request), descriptors: 1);
    }

    [Fact]
    public void RefusesAnUnknownKindOfRange()
    {
        var request = WireClient.Anonymous() with { Kind = (RangeKind)3, FileBytes = 16 << 12 };

        AssertMalformed(WireClient.Encode(Operation.CreateRange, request), descriptors: 2);
    }

    [Fact]
    public void RefusesARangeNumberOutsideTheRangeScope()
    {
        var request = new StatisticsRequest { RangeId = 1, Scope = StatisticsScope.Session };

        AssertMalformed(WireClient.Encode(Operation.Statistics, request), descriptors: 0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    public void RefusesAMessageWithoutAHeader(int length)
    {
        AssertMalformed(new byte[length], descriptors: 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(23)]
    [InlineData(25)]
    [InlineData(-1)]
    public void RefusesALengthThatIsNotTheMessages(int claimed)
    {
        var message = WireClient.Encode(Operation.CloseRange, new CloseRangeRequest { RangeId = 1 });
        BitConverter.TryWriteBytes(message, claimed);

        AssertMalformed(message, descriptors: 0);
    }

    [Theory]
    [InlineData(Limits.RequestBytesMax + 1)]
    [InlineData(100_000)]
    public void RefusesAMessageLongerThanAnyRequest(int length)
    {
        AssertMalformed(new byte[length], descriptors: 1);
    }

    [Fact]
    public void RefusesMoreDescriptorsThanAnyRequestHas()
    {
        AssertMalformed(MessageOf(Operation.CreateRange), descriptors: UnixSocket.DescriptorsMax);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(999)]
    [InlineData(65535)]
    public void GoesOnAfterAnUnknownOperation(int operation)
    {
        Open();
        var reply = Client.Call((Operation)operation, default(CloseRangeRequest));

        Assert.Equal(Errno.ENOSYS, reply.Errno);
        Assert.Contains($"operation {operation}", reply.Text, StringComparison.Ordinal);
        Assert.Equal(1UL, Client.CreateRange());
    }

    [Fact]
    public void ClosesDescriptorsOfAnUnknownOperation()
    {
        Open();
        var (kept, given) = UnixSocket.CreatePair();
        Client.Send((Operation)99, default(CloseRangeRequest), (int)given.DangerousGetHandle());
        given.Dispose();

        Assert.Equal(Errno.ENOSYS, Client.Receive().Errno);
        AssertOtherEndCloses(kept);
    }

    private static byte[] MessageOf(Operation operation) =>
        (byte[])((byte[])WellFormed().Single(row => (Operation)row[0] == operation)[1]).Clone();

    private static int DescriptorsOf(Operation operation) =>
        (int)WellFormed().Single(row => (Operation)row[0] == operation)[2];

    private static byte[] Resize(byte[] message, int length)
    {
        var resized = new byte[length];
        message.AsSpan(0, Math.Min(length, message.Length)).CopyTo(resized);
        BitConverter.TryWriteBytes(resized, length);
        return resized;
    }

    private static void AssertOtherEndCloses(UnixSocket kept)
    {
        using (kept)
        {
            Assert.True(Poll.WaitReadable(kept, WireClient.LimitMs), "what the session received is still open");
            Assert.Equal(0, kept.Receive(new byte[1], [], out _, out _));
        }
    }

    /// <summary>
    /// EBADMSG, then the end of the session; what came with the message is closed.
    /// </summary>
    private Reply AssertMalformed(byte[] message, int descriptors)
    {
        Open();
        Client.CreateRange(0x7000_0000);

        // Each one's other end tells when the session's copy closes.
        var pairs = Enumerable.Range(0, descriptors).Select(_ => UnixSocket.CreatePair()).ToArray();
        var given = Array.ConvertAll(pairs, pair => (int)pair.Right.DangerousGetHandle());
        var reply = Client.CallBytes(message, given);
        Array.ForEach(pairs, pair => pair.Right.Dispose());

        Assert.Equal(Errno.EBADMSG, reply.Errno);
        Assert.NotEmpty(reply.Text);
        Client.AssertClosed();
        Array.ForEach(pairs, pair => AssertOtherEndCloses(pair.Left));
        return reply;
    }
}
