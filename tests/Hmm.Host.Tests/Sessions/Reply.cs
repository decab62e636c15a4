// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Tests.Sessions;

/// <summary>One reply, as bytes and as what they say.</summary>
internal sealed record Reply(byte[] Bytes)
{
    public ReplyHeader Header => Wire.TryReadPrefix<ReplyHeader>(Bytes, out var header)
        ? header
        : throw new InvalidDataException("The reply has no header.");

    public Errno Errno => Header.Errno;

    public string Text => Encoding.UTF8.GetString(Bytes, ReplyHeader.StructBytes, (int)Header.TextBytes);

    public T As<T>()
        where T : unmanaged =>
        Wire.TryReadExact<T>(Bytes, out var value) ? value : throw new InvalidDataException($"{Bytes.Length} bytes.");
}
