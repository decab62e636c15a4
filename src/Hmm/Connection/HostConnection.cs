// SPDX-License-Identifier: MIT
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

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
internal sealed partial class HostConnection : IDisposable
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
    /// Sends a request and copies the reply's bytes. Cancelling stops the wait, not the request.
    /// </summary>
    public async Task<byte[]> ExchangeAsync<T>(Operation operation, T request, CancellationToken cancellationToken)
        where T : unmanaged
    {
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        var pending = Begin(operation, in request, [], isAsync: true);
        return await ReadAsync(pending).WaitAsync(cancellationToken).ConfigureAwait(false);
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

    private static async Task<byte[]> ReadAsync(PendingRequest pending)
    {
        try
        {
            await pending.Completion.ConfigureAwait(false);
            return pending.Reply.ToArray();
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
        if (Host.Version is < Protocol.VersionMin or > Protocol.VersionMax)
        {
            throw new HmmException(
                Errno.EPROTONOSUPPORT,
                $"The Hmm host chose version {Host.Version} and this library speaks {Protocol.VersionMin} to "
                + $"{Protocol.VersionMax}; update the older one.");
        }

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

    private void Encode<T>(Span<byte> message, Operation operation, in T request, ulong tag)
        where T : unmanaged
    {
        Wire.Write(message, in request);
        Wire.Write(message, new MessageHeader
        {
            SizeBytes = (uint)message.Length,
            Version = operation == Operation.Hello ? Protocol.VersionMax : Host.Version,
            Operation = operation,
            Tag = tag,
        });
    }

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
