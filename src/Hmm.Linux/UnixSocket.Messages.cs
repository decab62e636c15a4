// SPDX-License-Identifier: MIT
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <content>
/// Sending and receiving. The control data of a message with N descriptors is one header (16 bytes:
/// length, level, type) and N numbers, padded to 8. Whatever descriptors arrive are either handed
/// to the caller or closed.
/// </content>
public sealed unsafe partial class UnixSocket
{
    /// <summary>
    /// The most descriptors that one message carries: 8. The kernel would take 253.
    /// </summary>
    public const int DescriptorsMax = 8;

    private const int ControlHeaderSizeBytes = 16; // sizeof(cmsghdr)
    private const int ControlSizeBytesMax = ControlHeaderSizeBytes + (DescriptorsMax * sizeof(int)); // a multiple of 8

    /// <summary>
    /// Sends one message, whole or not at all; waits while the receiver's queue is full.
    /// </summary>
    /// <param name="message">
    /// At least one byte; at most what the socket's send buffer holds (about 200 KiB).
    /// </param>
    /// <param name="descriptors">
    /// The receiver gets copies; the sender keeps its own and must keep them open until this
    /// returns. At most <see cref="DescriptorsMax"/>.
    /// </param>
    /// <returns>
    /// <see cref="Errno.None"/>; <see cref="Errno.EPIPE"/>, <see cref="Errno.ECONNRESET"/>: the
    /// other end is closed; <see cref="Errno.EMSGSIZE"/>: too long; <see cref="Errno.EBADF"/>: a
    /// descriptor is not open.
    /// </returns>
    public Errno Send(ReadOnlySpan<byte> message, ReadOnlySpan<int> descriptors)
    {
        if (message.IsEmpty)
        {
            ThrowEmptyMessage();
        }

        if (descriptors.Length > DescriptorsMax)
        {
            ThrowTooManyDescriptors(descriptors.Length);
        }

        // Safe because every pointer is to this frame or to the pinned message, and every length is
        // that of its buffer.
        var control = stackalloc byte[ControlSizeBytesMax];
        fixed (byte* bytes = message)
        {
            var vector = new iovec { iov_base = (nint)bytes, iov_len = (nuint)message.Length };
            var header = new msghdr { msg_iov = (nint)(&vector), msg_iovlen = 1 };
            if (!descriptors.IsEmpty)
            {
                var length = ControlHeaderSizeBytes + (descriptors.Length * sizeof(int));
                *(cmsghdr*)control = new cmsghdr
                {
                    cmsg_len = (nuint)length,
                    cmsg_level = LibC.SOL_SOCKET,
                    cmsg_type = LibC.SCM_RIGHTS,
                };
                descriptors.CopyTo(new Span<int>(control + ControlHeaderSizeBytes, DescriptorsMax));
                header.msg_control = (nint)control;
                header.msg_controllen = (nuint)Align(length);
            }

            while (true)
            {
                var sent = LibC.sendmsg(this, &header, LibC.MSG_NOSIGNAL);
                var error = LinuxError.Last();
                if (sent >= 0)
                {
                    return Errno.None;
                }

                if (error == Errno.EAGAIN)
                {
                    Poll.WaitWritable(this); // an adopted socket may be non-blocking
                }
                else if (!LinuxError.IsInterrupted(error))
                {
                    return error;
                }
            }
        }
    }

    /// <summary>Waits for one message and takes it.</summary>
    /// <param name="buffer">Where its bytes go: at least one.</param>
    /// <param name="descriptors">
    /// Where its descriptors go; the caller owns them. They are close-on-exec.
    /// </param>
    /// <param name="descriptorCount">How many came.</param>
    /// <param name="error">
    /// <see cref="Errno.None"/>; <see cref="Errno.EMSGSIZE"/>: the message had more bytes or
    /// descriptors than there was room for (or this process has no free descriptor); it is gone and
    /// its descriptors are closed; <see cref="Errno.ECONNRESET"/>: the other end closed with
    /// messages unread.
    /// </param>
    /// <returns>The number of bytes; 0 when the other end is closed, and on an error.</returns>
    public int Receive(Span<byte> buffer, Span<int> descriptors, out int descriptorCount, out Errno error)
    {
        descriptorCount = 0;

        // Safe because every pointer is to this frame or to the pinned buffer, and every length is
        // that of its buffer. Aligned to 8 as the headers need: a stack buffer of this size is.
        var control = stackalloc ulong[ControlSizeBytesMax / sizeof(ulong)];
        fixed (byte* bytes = buffer)
        {
            var vector = new iovec { iov_base = (nint)bytes, iov_len = (nuint)buffer.Length };
            msghdr header;
            nint received;
            while (true)
            {
                header = new msghdr
                {
                    msg_iov = (nint)(&vector),
                    msg_iovlen = 1,
                    msg_control = (nint)control,
                    msg_controllen = ControlSizeBytesMax,
                };
                received = LibC.recvmsg(this, &header, LibC.MSG_CMSG_CLOEXEC);
                error = LinuxError.Last();
                if (received >= 0)
                {
                    error = Errno.None;
                    break;
                }

                if (error == Errno.EAGAIN)
                {
                    Poll.WaitReadable(this, timeoutMs: -1);
                }
                else if (!LinuxError.IsInterrupted(error))
                {
                    return 0;
                }
            }

            Span<int> arrived = stackalloc int[DescriptorsMax];
            var count = TakeDescriptors(new ReadOnlySpan<byte>(control, (int)header.msg_controllen), arrived);
            var truncated = (header.msg_flags & (LibC.MSG_TRUNC | LibC.MSG_CTRUNC)) != 0 || count > descriptors.Length;

            // An empty message is how this type says "closed"; whoever sends one with descriptors
            // does not get them kept.
            if (truncated || received == 0)
            {
                CloseAll(arrived[..count]);
                error = truncated ? Errno.EMSGSIZE : Errno.None;
                return 0;
            }

            arrived[..count].CopyTo(descriptors);
            descriptorCount = count;
            return (int)received;
        }
    }

    // Collects the descriptors of every SCM_RIGHTS header; more than DescriptorsMax cannot be
    // there, as the buffer ends.
    private static int TakeDescriptors(ReadOnlySpan<byte> control, Span<int> descriptors)
    {
        var count = 0;
        while (control.Length >= ControlHeaderSizeBytes)
        {
            var header = MemoryMarshal.Read<cmsghdr>(control);
            var length = (int)nuint.Min(header.cmsg_len, (nuint)control.Length);
            if (length < ControlHeaderSizeBytes)
            {
                break;
            }

            if (header.cmsg_level == LibC.SOL_SOCKET && header.cmsg_type == LibC.SCM_RIGHTS)
            {
                var numbers = MemoryMarshal.Cast<byte, int>(control[ControlHeaderSizeBytes..length]);
                numbers.CopyTo(descriptors[count..]);
                count += numbers.Length;
            }

            control = control[Math.Min(Align(length), control.Length)..];
        }

        return count;
    }

    private static void CloseAll(ReadOnlySpan<int> descriptors)
    {
        foreach (var descriptor in descriptors)
        {
            _ = LibC.close(descriptor);
        }
    }

    private static int Align(int length) => (length + 7) & ~7;

    [DoesNotReturn]
    private static void ThrowEmptyMessage()
        => throw new ArgumentException("A message must have at least one byte: none means closed.");

    [DoesNotReturn]
    private static void ThrowTooManyDescriptors(int count)
        => throw new ArgumentException($"A message carries at most {DescriptorsMax} descriptors, not {count}.");
}
