// SPDX-License-Identifier: MIT
using System.Text;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Connection;

/// <summary>
/// One request in flight: who sent it waits here for its reply. Reused, with its reply buffer, so
/// that a call in the steady state allocates nothing.
/// </summary>
/// <remarks>
/// Ownership: whoever began the request holds it until <see cref="Dispose"/>; the connection's reader
/// completes it, at most once.
/// <code>
///   free --Start--> waiting --Complete, Fail--> done --Dispose--> free
/// </code>
/// </remarks>
internal sealed class PendingRequest(HostConnection connection, int index) : IDisposable
{
    private readonly object _gate = new();
    private byte[] _reply = []; // Guarded by: the reader until done, then the holder
    private int _replyLength; // Guarded by: the reader until done, then the holder
    private Errno _errno; // Guarded by: the reader until done, then the holder
    private string _sentence = string.Empty; // Guarded by: the reader until done, then the holder
    private bool _done; // Guarded by: _gate
    private TaskCompletionSource? _completion; // Guarded by: _gate

    /// <summary>Its place in the connection's table.</summary>
    public int Index { get; } = index;

    /// <summary>
    /// The tag in flight, or <see cref="HostConnection.NoReplyTag"/> while it is free.
    /// </summary>
    public ulong Tag { get; private set; } = HostConnection.NoReplyTag; // Guarded by: HostConnection._gate

    /// <summary>
    /// Completes with the reply, or with its error; only for a request that began so.
    /// </summary>
    public Task Completion => _completion!.Task;

    /// <summary>The whole reply, header included.</summary>
    public ReadOnlySpan<byte> Reply => _reply.AsSpan(0, _replyLength);

    /// <summary>Begins to wait. Called with the connection's gate held.</summary>
    public void Start(ulong tag, bool isAsync)
    {
        lock (_gate)
        {
            Tag = tag;
            _done = false;
            _errno = Errno.None;
            _replyLength = 0;

            // Continuations must not run on the reader: one that waits for a reply would wait for
            // ever.
            _completion = isAsync ? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : null;
        }
    }

    /// <summary>Nobody waits any more. Called with the connection's gate held.</summary>
    public void Retire() => Tag = HostConnection.NoReplyTag;

    /// <summary>A well-formed reply came.</summary>
    public void Complete(ReadOnlySpan<byte> message, in ReplyHeader header)
    {
        if (header.Errno != Errno.None)
        {
            Fail(header.Errno, SentenceOf(message));
            return;
        }

        lock (_gate)
        {
            if (_done)
            {
                return;
            }

            if (_reply.Length < message.Length)
            {
                _reply = new byte[message.Length];
            }

            message.CopyTo(_reply);
            _replyLength = message.Length;
            FinishLocked();
        }
    }

    /// <summary>The request failed, at the host or with it.</summary>
    public void Fail(Errno errno, string sentence)
    {
        lock (_gate)
        {
            if (_done)
            {
                return;
            }

            _errno = errno;
            _sentence = sentence;
            FinishLocked();
        }
    }

    /// <summary>Blocks until the reply is there.</summary>
    /// <param name="timeoutMs">The longest wait in milliseconds, or -1.</param>
    /// <exception cref="HmmException">The host's error, or ETIMEDOUT.</exception>
    public void Wait(int timeoutMs = Timeout.Infinite)
    {
        lock (_gate)
        {
            while (!_done)
            {
                if (!Monitor.Wait(_gate, timeoutMs))
                {
                    throw new HmmException(
                        Errno.ETIMEDOUT,
                        $"The Hmm host did not answer within {timeoutMs / 1000} s; see its messages and `hmm doctor`.");
                }
            }

            if (_errno != Errno.None)
            {
                throw new HmmException(_errno, _sentence);
            }
        }
    }

    /// <summary>The reply as one struct.</summary>
    /// <exception cref="HmmException">EPROTO: the reply has another length.</exception>
    public T Read<T>()
        where T : unmanaged
    {
        if (!Wire.TryReadExact<T>(Reply, out var reply))
        {
            throw new HmmException(
                Errno.EPROTO,
                $"The Hmm host answered with {_replyLength} bytes of another shape; use a host of the same version.");
        }

        return reply;
    }

    /// <summary>The sentence of an error reply.</summary>
    public static string SentenceOf(ReadOnlySpan<byte> message) =>
        Encoding.UTF8.GetString(message[ReplyHeader.StructBytes..]);

    /// <summary>Gives the place back; a reply that still comes goes nowhere.</summary>
    public void Dispose() => connection.Return(this);

    private void FinishLocked()
    {
        _done = true;
        Monitor.PulseAll(_gate);
        if (_errno == Errno.None)
        {
            _completion?.SetResult();
        }
        else
        {
            _completion?.SetException(new HmmException(_errno, _sentence));
        }
    }
}
