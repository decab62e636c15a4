// SPDX-License-Identifier: MIT
using Hmm.Uapi;
using Hmm.Uapi.Messages;
using Microsoft.Win32.SafeHandles;

namespace Hmm.Connection;

/// <content>The reader: it completes requests, and says why when there will be no more replies.</content>
internal sealed partial class HostConnection
{
    private void ReadReplies()
    {
        var buffer = new byte[Limits.MessageBytesMax];
        Span<int> descriptors = stackalloc int[8];
        Errno error;
        while (true)
        {
            var length = _socket.Receive(buffer, descriptors, out var count, out error);
            foreach (var descriptor in descriptors[..count])
            {
                // No reply brings one; a host that sends one anyway must not exhaust this process.
                new SafeFileHandle(descriptor, ownsHandle: true).Dispose();
            }

            if (length == 0 || error != Errno.None)
            {
                break;
            }

            if (!TryComplete(buffer.AsSpan(0, length)))
            {
                error = Errno.EPROTO;
                _socket.Shutdown();
                break;
            }
        }

        FailAll(error);
    }

    /// <summary>Completes the request that a reply belongs to.</summary>
    /// <returns>False when the message is not a reply.</returns>
    private bool TryComplete(ReadOnlySpan<byte> message)
    {
        if (!Wire.TryReadPrefix<ReplyHeader>(message, out var reply)
            || reply.Header.SizeBytes != (uint)message.Length
            || (reply.Errno != Errno.None && reply.TextBytes != message.Length - ReplyHeader.StructBytes))
        {
            return false;
        }

        lock (_gate)
        {
            var slot = (int)(reply.Header.Tag & ((1 << SlotBits) - 1));

            // An abandoned request's place may be used again already: only the whole tag says whose
            // it is.
            if (slot < _slots.Length && _slots[slot].Tag == reply.Header.Tag)
            {
                _slots[slot].Complete(message, in reply);
            }
            else if (reply.Header.Tag == 0 && reply.Errno != Errno.None)
            {
                // A refusal that came before Hello was sent: it says why the connection ends now.
                _lossErrno = reply.Errno;
                _lossSentence = PendingRequest.SentenceOf(message);
            }
        }

        return true;
    }

    private void FailAll(Errno error)
    {
        lock (_gate)
        {
            _lost = true;
            if (error == Errno.EPROTO)
            {
                _lossErrno = Errno.EPROTO;
                _lossSentence = "The Hmm host sent what is not a reply; use a host of the version of this library.";
            }
            else if (_lossErrno == Errno.None)
            {
                _lossErrno = Errno.ECONNRESET;
                _lossSentence = $"The Hmm host{HostName()} has gone, and with it the pages of its ranges that were "
                    + "not in DRAM; see its messages for the reason, and start the application again.";
            }

            foreach (var pending in _slots)
            {
                if (pending.Tag != NoReplyTag)
                {
                    pending.Fail(_lossErrno, _lossSentence);
                }
            }
        }
    }

    private string HostName() => Host.ProcessId == 0 ? string.Empty : $" (process {Host.ProcessId})";
}
