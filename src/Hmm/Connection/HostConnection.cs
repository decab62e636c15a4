// SPDX-License-Identifier: MIT
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;
using Microsoft.Win32.SafeHandles;

namespace Hmm.Connection;

/// <summary>
/// The socket to a host: sends requests and completes them by tag, so that several can be in
/// flight.
/// </summary>
/// <remarks>
/// Threads: any may send; one of its own receives. When the host goes, every pending and later
/// request fails with ECONNRESET; that never changes back. Invariant: places taken from
/// <c>_places</c> == entries of <c>_slots</c> that are not in <c>_free</c>.
/// </remarks>
internal sealed class HostConnection : IDisposable
{
    /// <summary>
    /// The tag of messages whose reply, if any, nobody waits for. Its low byte is no slot.
    /// </summary>
    public const ulong NoReplyTag = ulong.MaxValue;

    /// <summary>
    /// How long Hello may take: 30 s. A host starts in a fraction of a second; on a machine that is
    /// short of memory, where hosts are wanted, the runtime may take many.
    /// </summary>
    private const int HelloTimeoutMs = 30_000;

    /// <summary>Tags are (sequence, slot): the slot's bits.</summary>
    private const int SlotBits = 8;

    private readonly UnixSocket _socket; // Guarded by: immutable
    private readonly Thread _reader; // Guarded by: immutable
    private readonly SemaphoreSlim _places = new(Limits.RequestsInFlightMax); // Guarded by: itself
    private readonly Lock _gate = new();
    private readonly PendingRequest[] _slots = new PendingRequest[Limits.RequestsInFlightMax]; // Guarded by: immutable
    private readonly Stack<PendingRequest> _free = new(Limits.RequestsInFlightMax); // Guarded by: _gate
    private ulong _sequence; // Guarded by: _gate
    private bool _lost; // Guarded by: _gate
    private Errno _lossErrno; // Guarded by: _gate
    private string _lossSentence = string.Empty; // Guarded by: _gate
    private bool _disposed; // Guarded by: _gate

    private HostConnection(UnixSocket socket)
    {
        _socket = socket;
        for (var i = _slots.Length - 1; i >= 0; i--)
        {
            _slots[i] = new PendingRequest(this, i);
            _free.Push(_slots[i]);
        }

        _reader = new Thread(ReadReplies) { IsBackground = true, Name = "hmm-replies" };
    }

    /// <summary>What the host said about itself.</summary>
    public HelloReply Host { get; private set; } // Guarded by: immutable after Open

    /// <summary>Whether requests can still be answered.</summary>
    public bool IsConnected
    {
        get
        {
            lock (_gate)
            {
                return !_lost && !_disposed;
            }
        }
    }

    /// <summary>Introduces this process to a host.</summary>
    /// <param name="socket">The connection; owned from here on, also when this throws.</param>
    /// <param name="name">The application's name, for reports.</param>
    /// <exception cref="HmmException">The host's refusal; ETIMEDOUT; ECONNRESET.</exception>
    public static HostConnection Open(UnixSocket socket, string name)
    {
        var connection = new HostConnection(socket);
        connection._reader.Start();
        try
        {
            connection.Hello(name);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Sends a request and waits for the reply, which returns nothing.</summary>
    public void Call<T>(Operation operation, in T request, ReadOnlySpan<int> descriptors = default)
        where T : unmanaged
    {
        using var pending = Exchange(operation, in request, descriptors);
    }

    /// <summary>Sends a request and waits for the reply, one struct.</summary>
    public TReply Call<T, TReply>(Operation operation, in T request, ReadOnlySpan<int> descriptors = default)
        where T : unmanaged
        where TReply : unmanaged
    {
        using var pending = Exchange(operation, in request, descriptors);
        return pending.Read<TReply>();
    }

    /// <summary>
    /// Sends a request and waits for the reply, whose bytes the caller reads and then disposes.
    /// </summary>
    public PendingRequest Exchange<T>(
        Operation operation,
        in T request,
        ReadOnlySpan<int> descriptors = default,
        int timeoutMs = Timeout.Infinite)
        where T : unmanaged
    {
        _places.Wait();
        var pending = Begin(operation, in request, descriptors, isAsync: false);
        try
        {
            pending.Wait(timeoutMs);
            return pending;
        }
        catch
        {
            pending.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Sends a request whose reply returns nothing. Cancelling stops the wait, not the request.
    /// </summary>
    public async Task CallAsync<T>(Operation operation, T request, CancellationToken cancellationToken)
        where T : unmanaged
    {
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        var pending = Begin(operation, in request, [], isAsync: true);
        await FinishAsync(pending).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Sends a message that nobody waits for: a hint, or the last word of a finalizer.
    /// </summary>
    public void Post<T>(Operation operation, in T request)
        where T : unmanaged
    {
        Span<byte> message = stackalloc byte[Unsafe.SizeOf<T>()];
        Encode(message, operation, in request, NoReplyTag);
        ThrowIfLost();

        // A host that goes right now is nobody's error: there is no reply to miss.
        _ = _socket.Send(message, []);
    }

    /// <summary>Throws when no request can be answered any more.</summary>
    /// <exception cref="ObjectDisposedException">This process ended the connection.</exception>
    /// <exception cref="HmmException">ECONNRESET: the host has gone.</exception>
    public void ThrowIfLost()
    {
        if (!IsConnected)
        {
            ThrowGone();
        }
    }

    /// <summary>Takes a request's place back.</summary>
    public void Return(PendingRequest pending)
    {
        lock (_gate)
        {
            pending.Retire();
            _free.Push(pending);
        }

        _places.Release();
    }

    /// <summary>
    /// Ends the connection; pending requests fail. Not from a continuation of its own reader.
    /// </summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        _socket.Shutdown();
        _reader.Join();
        _socket.Dispose();
    }

    private static async Task FinishAsync(PendingRequest pending)
    {
        try
        {
            await pending.Completion.ConfigureAwait(false);
        }
        finally
        {
            pending.Dispose();
        }
    }

    private void Hello(string name)
    {
        var request = new HelloRequest
        {
            VersionMin = Protocol.VersionMin,
            VersionMax = Protocol.VersionMax,
            ProcessId = (uint)Environment.ProcessId,
            Features = Features.FileRanges | Features.Administration,
            Name = FixedName.Truncate(name),
        };
        using var pending = Exchange(Operation.Hello, in request, timeoutMs: HelloTimeoutMs);
        Host = pending.Read<HelloReply>();

        // A host that takes fewer requests at a time than this build assumes: keep the rest for
        // good.
        for (var i = Math.Max(1, Host.RequestsInFlightMax); i < Limits.RequestsInFlightMax; i++)
        {
            _places.Wait();
        }
    }

    /// <summary>Registers and sends a request; the caller has taken a place for it.</summary>
    private PendingRequest Begin<T>(Operation operation, in T request, ReadOnlySpan<int> descriptors, bool isAsync)
        where T : unmanaged
    {
        if (!TryStart(operation, isAsync, out var pending, out var tag))
        {
            _places.Release();
            ThrowGone();
        }

        Span<byte> message = stackalloc byte[Unsafe.SizeOf<T>()];
        Encode(message, operation, in request, tag);
        var error = _socket.Send(message, descriptors);

        // A closed connection may still hold the host's reason, so the reader completes the
        // request: with that, or with the loss.
        if (error is not (Errno.None or Errno.EPIPE or Errno.ECONNRESET))
        {
            pending.Dispose();
            throw new HmmException(
                error,
                $"Sending {operation} to the Hmm host failed; check the limits of the process (`hmm doctor`).");
        }

        return pending;
    }

    private bool TryStart(
        Operation operation,
        bool isAsync,
        [NotNullWhen(true)] out PendingRequest? pending,
        out ulong tag)
    {
        lock (_gate)
        {
            if (_lost || _disposed)
            {
                pending = null;
                tag = NoReplyTag;
                return false;
            }

            pending = _free.Pop();

            // Hello has tag 0, and as the first request slot 0: a host that refuses a connection
            // says so before it reads anything.
            tag = operation == Operation.Hello ? 0 : (++_sequence << SlotBits) | (uint)pending.Index;
            pending.Start(tag, isAsync);
            return true;
        }
    }

    private static void Encode<T>(Span<byte> message, Operation operation, in T request, ulong tag)
        where T : unmanaged
    {
        Wire.Write(message, in request);
        Wire.Write(message, new MessageHeader
        {
            SizeBytes = (uint)message.Length,
            Version = Protocol.VersionMax,
            Operation = operation,
            Tag = tag,
        });
    }

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

    [DoesNotReturn]
    private void ThrowGone()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(HmmHost));
            throw new HmmException(_lossErrno, _lossSentence);
        }
    }
}
