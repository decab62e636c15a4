// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Tests.Sessions;

/// <summary>
/// A client that can send anything, and waits for nothing longer than ten seconds.
/// </summary>
internal sealed class WireClient(UnixSocket socket) : IDisposable
{
    public const int LimitMs = 10_000;

    private ulong _tag;

    public UnixSocket Socket { get; } = socket;

    /// <summary>The bytes of a well-formed request, to be bent.</summary>
    public static byte[] Encode<T>(Operation operation, T request, ulong tag = 1, ushort version = 1)
        where T : unmanaged
    {
        var message = new byte[Unsafe.SizeOf<T>()];
        Wire.Write(message, in request);
        Wire.Write(message, new MessageHeader
        {
            SizeBytes = (uint)message.Length,
            Version = version,
            Operation = operation,
            Tag = tag,
        });
        return message;
    }

    public static byte[] EncodeHello(Features features = Features.FileRanges | Features.Administration) => Encode(
        Operation.Hello,
        new HelloRequest { VersionMin = 1, VersionMax = 1, Features = features, Name = FixedName.Create("test") });

    public Errno SendBytes(byte[] message, params int[] descriptors) => Socket.Send(message, descriptors);

    public ulong Send<T>(Operation operation, T request, params int[] descriptors)
        where T : unmanaged
    {
        var tag = ++_tag;
        Assert.Equal(Errno.None, SendBytes(Encode(operation, request, tag), descriptors));
        return tag;
    }

    public Reply Call<T>(Operation operation, T request, params int[] descriptors)
        where T : unmanaged
    {
        var tag = Send(operation, request, descriptors);
        var reply = Receive();
        Assert.Equal(tag, reply.Header.Header.Tag);
        Assert.Equal(operation, reply.Header.Header.Operation);
        return reply;
    }

    public Reply CallBytes(byte[] message, params int[] descriptors)
    {
        Assert.Equal(Errno.None, SendBytes(message, descriptors));
        return Receive();
    }

    public Reply Receive()
    {
        var reply = TryReceive();
        Assert.NotNull(reply);
        Assert.Equal((uint)reply.Bytes.Length, reply.Header.Header.SizeBytes);
        return reply;
    }

    /// <summary>The next reply, or null at the end of the connection.</summary>
    public Reply? TryReceive()
    {
        Assert.True(Poll.WaitReadable(Socket, LimitMs), "nothing came within ten seconds");
        var buffer = new byte[Limits.MessageBytesMax];
        var length = Socket.Receive(buffer, [], out _, out var error);
        Assert.True(error is Errno.None or Errno.ECONNRESET, $"receive failed with {error}");
        return length == 0 ? null : new Reply(buffer[..length]);
    }

    public void AssertClosed() => Assert.Null(TryReceive());

    public void Hello(Features features = Features.FileRanges | Features.Administration) =>
        Assert.Equal(Errno.None, CallBytes(EncodeHello(features)).Errno);

    /// <summary>Adopts a userfaultfd; for the protocol any descriptor is one.</summary>
    public void Adopt()
    {
        using var any = EventFd.Create();
        var reply = Call(Operation.AdoptUserfaultfd, default(AdoptUserfaultfdRequest), Number(any));
        Assert.Equal(Errno.None, reply.Errno);
    }

    public Reply CreateRange(CreateRangeRequest request)
    {
        using var memory = EventFd.Create();
        using var file = EventFd.Create();
        int[] descriptors = request.Kind == RangeKind.Anonymous ? [Number(memory)] : [Number(memory), Number(file)];
        return Call(Operation.CreateRange, request, descriptors);
    }

    public ulong CreateRange(ulong baseAddress = 0x10000000, ulong pages = 16)
    {
        var reply = CreateRange(Anonymous(baseAddress, pages));
        Assert.Equal(Errno.None, reply.Errno);
        return reply.As<CreateRangeReply>().RangeId;
    }

    public static CreateRangeRequest Anonymous(ulong baseAddress = 0x10000000, ulong pages = 16) => new()
    {
        PageShift = 12,
        BaseAddress = baseAddress,
        LengthBytes = pages << 12,
        Name = FixedName.Create("range"),
    };

    public static OpenPersistentRequest Persistent(ulong baseAddress = 0x10000000, ulong pages = 16) => new()
    {
        BaseAddress = baseAddress,
        LengthBytes = pages << 12,
        ContentBytes = (pages << 12) - 1,
        ElementBytes = 1,
        Name = FixedName.Create("numbers"),
    };

    public static MigrateRequest Migration() => new()
    {
        RangeId = 1, PageCount = 1, Device = FixedName.Create("block0"),
    };

    public static int Number(EventFd descriptor) => (int)descriptor.DangerousGetHandle();

    public void Dispose() => Socket.Dispose();
}
