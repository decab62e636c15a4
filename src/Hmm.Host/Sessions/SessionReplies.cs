// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using System.Text.Unicode;
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Sessions;

/// <summary>
/// Sends replies over one socket. Threads: any; a message of a SOCK_SEQPACKET socket is sent whole
/// or not at all. A client that is gone is nobody's error here: the receiving thread finds out.
/// </summary>
internal sealed class SessionReplies(UnixSocket socket)
{
    /// <summary>The version that replies carry: the newest until Hello agrees on one.</summary>
    public ushort Version { get; set; } = Protocol.VersionMax; // Guarded by: session's thread; others start after Hello

    /// <summary>Says that an operation succeeded and returns nothing.</summary>
    public void SendDone(Operation operation, ulong tag)
    {
        Span<byte> message = stackalloc byte[ReplyHeader.StructBytes];
        SendBody(operation, tag, message);
    }

    /// <summary>Sends a reply struct, whose header this fills in.</summary>
    public void Send<T>(Operation operation, ulong tag, in T reply)
        where T : unmanaged
    {
        Span<byte> message = stackalloc byte[Unsafe.SizeOf<T>()];
        Wire.Write(message, in reply);
        SendBody(operation, tag, message);
    }

    /// <summary>Sends a reply whose body is in place; its first bytes become the header.</summary>
    public void SendBody(Operation operation, ulong tag, Span<byte> message)
    {
        var header = Header(operation, tag, Errno.None, message.Length, textBytes: 0);
        Wire.Write(message, in header);
        _ = socket.Send(message, []);
    }

    /// <summary>Says why an operation failed.</summary>
    /// <param name="operation">What was asked.</param>
    /// <param name="tag">The request's tag.</param>
    /// <param name="errno">Not <see cref="Errno.None"/>.</param>
    /// <param name="sentence">For people; cut at <see cref="Limits.TextBytesMax"/> bytes.</param>
    public void SendError(Operation operation, ulong tag, Errno errno, string sentence)
    {
        Span<byte> message = stackalloc byte[ReplyHeader.StructBytes + Limits.TextBytesMax];
        var text = message[ReplyHeader.StructBytes..];

        // It stops before the first character that does not fit whole.
        Utf8.FromUtf16(sentence, text, out _, out var textBytes);
        message = message[..(ReplyHeader.StructBytes + textBytes)];
        var header = Header(operation, tag, errno, message.Length, textBytes);
        Wire.Write(message, in header);
        _ = socket.Send(message, []);
    }

    private ReplyHeader Header(Operation operation, ulong tag, Errno errno, int sizeBytes, int textBytes) => new()
    {
        Header = new MessageHeader
        {
            SizeBytes = (uint)sizeBytes,
            Version = Version,
            Operation = operation,
            Tag = tag,
        },
        Errno = errno,
        TextBytes = (uint)textBytes,
    };
}
