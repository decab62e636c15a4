// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Host.Sessions;
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Tests.Sessions;

/// <summary>
/// Bent messages, whole sessions of them: the session neither ends the host, nor hangs, nor keeps a
/// descriptor, nor passes on what it should have refused. Replay: set HMM_FUZZ_SEED.
/// </summary>
[Collection("Descriptors")]
public sealed class SessionFuzzTests
{
    private const int Messages = 100_000;

    /// <summary>
    /// A session that survives takes this many, so that none lives on good messages alone.
    /// </summary>
    private const int MessagesPerSessionMax = 64;

    /// <summary>Numbers at which checks go wrong.</summary>
    private static readonly ulong[] s_edges =
    [
        0, 1, 2, 11, 12, 15, 16, 17, 21, 22, 4095, 4096, 4097, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
        0x1000_0000, Limits.RangeBytesMax, Limits.RangeBytesMax + 1, Limits.AddressEnd - 1, Limits.AddressEnd,
        0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_ffff_ffff_f000, 0xffff_ffff_ffff_ffff,
    ];

    private readonly int _seed =
        int.TryParse(Environment.GetEnvironmentVariable("HMM_FUZZ_SEED"), out var seed) ? seed : 20_240_611;

    [Fact]
    public void SurvivesBentMessages()
    {
        var descriptorsBefore = Descriptors();
        var random = new Random(_seed);
        var sent = 0;
        var refused = 0;
        while (sent < Messages)
        {
            var result = RunSession(random, Math.Min(MessagesPerSessionMax, Messages - sent));
            sent += result.Sent;
            refused += result.Refused;
        }

        Assert.Equal(descriptorsBefore, Descriptors());

        // A fuzzer that bends nothing, or everything at once, would test little.
        Assert.InRange(refused, Messages / 10, Messages);
    }

    /// <summary>
    /// The open sockets and eventfds; files are left out, as the runtime loads assemblies.
    /// </summary>
    private static string[] Descriptors() =>
    [
        .. Directory.GetFileSystemEntries("/proc/self/fd")
            .Select(path => new FileInfo(path).LinkTarget ?? string.Empty)
            .Where(target => target.StartsWith("socket:", StringComparison.Ordinal) || target.Contains("eventfd"))
            .Order(StringComparer.Ordinal),
    ];

    private (int Sent, int Refused) RunSession(Random random, int messagesMax)
    {
        using var operations = new RecordingOperations();
        using var descriptor = EventFd.Create();
        var (left, right) = UnixSocket.CreatePair();
        using var client = new WireClient(left);
        var session = Session.Start(right, operations);
        var number = WireClient.Number(descriptor);
        if (random.Next(16) != 0)
        {
            client.CallBytes(WireClient.EncodeHello());
            client.CallBytes(WireClient.Encode(Operation.AdoptUserfaultfd, default(AdoptUserfaultfdRequest)), number);
            client.CallBytes(WireClient.Encode(Operation.CreateRange, WireClient.Anonymous()), number);
        }

        var sent = 0;
        var refused = 0;
        var isOpen = true;
        while (isOpen && sent < messagesMax)
        {
            var (message, descriptors) = Next(random);
            var given = new int[descriptors];
            Array.Fill(given, number);
            sent++;
            isOpen = client.SendBytes(message, given) == Errno.None && IsAnswered(client, message, ref refused);
        }

        // The client goes, every other time in the middle of a request.
        if (random.Next(2) == 0)
        {
            client.SendBytes(WireClient.Encode(Operation.Pin, new PageSpanRequest { RangeId = 1, PageCount = 1 }));
        }

        client.Dispose();
        session.Stop();
        var isEnded = Task.Run(session.Wait).Wait(WireClient.LimitMs);
        Assert.True(isEnded, $"a session hangs; HMM_FUZZ_SEED={_seed}");
        var violations = string.Join(", ", operations.Violations);
        Assert.True(violations.Length == 0, $"{violations}; HMM_FUZZ_SEED={_seed}");
        Assert.Equal(1, operations.ClosedCount);
        return (sent, refused);
    }

    /// <summary>
    /// Every request but a hint, and the word that there are some, is answered, so the client can keep step: no message
    /// is counted that the session did not look at. False at the end of the session.
    /// </summary>
    private static bool IsAnswered(WireClient client, byte[] message, ref int refused)
    {
        var isHint = Wire.TryReadPrefix<MessageHeader>(message, out var header)
            && header.Operation is Operation.Hint or Operation.WakeHintRing;
        if (isHint && !Poll.WaitReadable(client.Socket, 0))
        {
            return true;
        }

        if (client.TryReceive() is not { } reply)
        {
            return false;
        }

        refused += reply.Errno == Errno.None ? 0 : 1;
        return true;
    }

    private static (byte[] Message, int Descriptors) Next(Random random)
    {
        var (message, descriptors) = WellFormed(random);
        var bends = random.Next(4);
        for (var i = 0; i < bends; i++)
        {
            message = Bend(random, message);
        }

        if (random.Next(8) == 0)
        {
            descriptors = random.Next(UnixSocket.DescriptorsMax + 1);
        }

        return (message, descriptors);
    }

    private static (byte[] Message, int Descriptors) WellFormed(Random random)
    {
        var span = new PageSpanRequest
        {
            RangeId = (ulong)random.Next(1, 4),
            FirstPage = (ulong)random.Next(0, 18),
            PageCount = (ulong)random.Next(0, 18),
        };
        var operation = random.Next(9) switch
        {
            0 => Operation.OpenPersistent,
            1 => Operation.Checkpoint,
            2 => (Operation)random.Next((int)Operation.StartTrace, (int)Operation.StopTrace + 1),
            3 => Operation.Migrate,
            _ => (Operation)random.Next(1, 20),
        };
        var request = operation switch
        {
            Operation.Hello => WireClient.EncodeHello(),
            Operation.AdoptUserfaultfd => WireClient.Encode(operation, default(AdoptUserfaultfdRequest)),
            Operation.CreateRange => WireClient.Encode(operation, Range(random)),
            Operation.CloseRange => WireClient.Encode(operation, new CloseRangeRequest { RangeId = span.RangeId }),
            Operation.Statistics => WireClient.Encode(operation, new StatisticsRequest { RangeId = span.RangeId }),
            Operation.Describe => WireClient.Encode(operation, new DescribeRequest { RangeId = span.RangeId }),
            Operation.Query => WireClient.Encode(operation, new QueryRequest { Kind = (QueryKind)random.Next(6) }),
            Operation.OpenPersistent => WireClient.Encode(operation, Persistent(random)),
            Operation.Checkpoint => WireClient.Encode(operation, new CheckpointRequest { RangeId = span.RangeId }),
            Operation.StartTrace => WireClient.Encode(operation, default(StartTraceRequest)),
            Operation.MarkTrace => WireClient.Encode(operation, default(MarkTraceRequest)),
            Operation.StopTrace => WireClient.Encode(operation, default(StopTraceRequest)),
            Operation.Migrate => WireClient.Encode(operation, Migration(random, in span)),
            Operation.AddDevice => WireClient.Encode(operation, default(AddDeviceRequest)),
            Operation.RemoveDevice => WireClient.Encode(operation, default(RemoveDeviceRequest)),
            Operation.LoadModule => WireClient.Encode(operation, default(LoadModuleRequest)),
            Operation.UnloadModule => WireClient.Encode(operation, default(UnloadModuleRequest)),
            Operation.ReadModules => WireClient.Encode(
                operation, new ReadModulesRequest { Kind = (ModuleText)random.Next(4) }),
            Operation.Residency => WireClient.Encode(operation, span with { Argument = 16 }),
            Operation.Hint or Operation.Advise => WireClient.Encode(operation, span with { Argument = 1 }),
            _ => WireClient.Encode(operation, span),
        };
        var hasDescriptor =
            operation is Operation.AdoptUserfaultfd or Operation.CreateRange or Operation.OpenPersistent
                or Operation.StartTrace;
        return (request, hasDescriptor ? 1 : 0);
    }

    private static OpenPersistentRequest Persistent(Random random) =>
        WireClient.Persistent(0x1000_0000 + ((ulong)random.Next(64) << 12), (ulong)random.Next(1, 16));

    private static MigrateRequest Migration(Random random, in PageSpanRequest span) => WireClient.Migration() with
    {
        SessionId = (ulong)random.Next(2),
        RangeId = span.RangeId,
        FirstPage = span.FirstPage,
        PageCount = (uint)span.PageCount,
    };

    private static CreateRangeRequest Range(Random random) =>
        WireClient.Anonymous(0x1000_0000 + ((ulong)random.Next(64) << 12), (ulong)random.Next(1, 16));

    private static byte[] Bend(Random random, byte[] message)
    {
        if (message.Length < MessageHeader.StructBytes)
        {
            return message;
        }

        switch (random.Next(6))
        {
            case 0:
                message[random.Next(message.Length)] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                var at = random.Next(message.Length / 8) * 8;
                BitConverter.TryWriteBytes(message.AsSpan(at), s_edges[random.Next(s_edges.Length)]);
                break;
            case 2:
                at = random.Next(message.Length / 4) * 4;
                BitConverter.TryWriteBytes(message.AsSpan(at), (uint)s_edges[random.Next(s_edges.Length)]);
                break;
            case 3:
                random.NextBytes(message.AsSpan(MessageHeader.StructBytes));
                break;
            case 4:
                // At least one byte: an empty message is how the socket says that it is closed.
                Array.Resize(ref message, random.Next(1, Limits.RequestBytesMax + 64));
                break;
            default:
                // The right length for the wrong shape.
                Array.Resize(ref message, random.Next(MessageHeader.StructBytes, 160));
                BitConverter.TryWriteBytes(message, message.Length);
                break;
        }

        return message;
    }
}
