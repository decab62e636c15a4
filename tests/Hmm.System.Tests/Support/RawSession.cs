// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using System.Text;
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.System.Tests.Support;

// A client without a library: it can say anything.
internal sealed class RawSession : IDisposable
{
    private readonly UnixSocket _socket;
    private ulong _tag;

    internal RawSession(string path)
    {
        _socket = UnixSocket.Connect(path);
    }

    internal void Send(ReadOnlySpan<byte> message, params int[] descriptors) =>
        Assert.Equal(Errno.None, _socket.Send(message, descriptors));

    // Fills the header in and sends it.
    internal void Send<T>(Operation operation, T request, params int[] descriptors)
        where T : unmanaged
    {
        Unsafe.As<T, MessageHeader>(ref request) = Header(operation, Unsafe.SizeOf<T>());
        Send(Wire.BytesOf(in request), descriptors);
    }

    internal MessageHeader Header(Operation operation, int sizeBytes) => new()
    {
        SizeBytes = (uint)sizeBytes,
        Version = Protocol.VersionMax,
        Operation = operation,
        Tag = ++_tag,
    };

    internal void Hello()
    {
        Send(Operation.Hello, new HelloRequest
        {
            VersionMin = Protocol.VersionMin,
            VersionMax = Protocol.VersionMax,
            Features = Features.FileRanges | Features.Administration,
            Name = FixedName.Create("raw"),
        });
        Assert.Equal(Errno.None, Receive(out _));
    }

    // The errno of the reply, and its sentence if it has one.
    internal Errno Receive(out string sentence)
    {
        Assert.True(Poll.WaitReadable(_socket, 30_000), "the host answers");
        var buffer = new byte[Limits.MessageBytesMax];
        var length = _socket.Receive(buffer, [], out _, out var error);
        Assert.True(length > 0, $"the host hung up: {error}");
        Assert.True(Wire.TryReadPrefix<ReplyHeader>(buffer.AsSpan(0, length), out var reply), "a reply has a header");
        Assert.Equal((uint)length, reply.Header.SizeBytes);
        sentence = reply.Errno == Errno.None
            ? string.Empty
            : Encoding.UTF8.GetString(buffer, ReplyHeader.StructBytes, (int)reply.TextBytes);
        return reply.Errno;
    }

    internal void Expect(Errno errno, params string[] words)
    {
        Assert.Equal(errno, Receive(out var sentence));
        Refused.IsSentence(sentence, words);
    }

    // The host ended this session.
    internal void ExpectEnd()
    {
        Assert.True(Poll.WaitReadable(_socket, 30_000), "the host hangs up");
        Assert.Equal(0, _socket.Receive(new byte[Limits.MessageBytesMax], [], out _, out _));
    }

    public void Dispose() => _socket.Dispose();
}
