// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Sessions;

/// <summary>
/// One connection: receives requests, checks every length, index, flag and descriptor, hands plain
/// values to <see cref="ISessionOperations"/>, and replies. What a client sends can end its own
/// session and nothing else.
/// </summary>
/// <remarks>
/// Ownership: the session owns the socket and everything that arrives on it until it is handed over.
/// Threads: one receives, checks and runs the short operations; the long ones run on those of
/// <see cref="LongOperationQueue"/>. <see cref="Stop"/> may come from anywhere, at any time.
/// <code>
///   new --Hello--> open --end of file, broken protocol, Stop--> ending --long operations done--> closed
/// </code>
/// Invariant: <see cref="ISessionOperations.Closed"/> is the last call, and comes exactly once.
/// </remarks>
internal sealed partial class Session : IDisposable
{
    private readonly UnixSocket _socket; // Guarded by: immutable
    private readonly PeerCredentials _peer; // Guarded by: immutable
    private readonly ISessionOperations _operations; // Guarded by: immutable
    private readonly SessionReplies _replies; // Guarded by: immutable
    private readonly SessionRanges _ranges = new(); // Guarded by: itself
    private readonly LongOperationQueue _long; // Guarded by: itself
    private readonly CancellationTokenSource _ended = new(); // Guarded by: itself
    private readonly Action<Session>? _whenClosed; // Guarded by: immutable
    private readonly Thread _thread; // Guarded by: immutable
    private Features _granted; // Guarded by: session's thread
    private bool _greeted; // Guarded by: session's thread
    private bool _adopted; // Guarded by: session's thread

    private Session(UnixSocket socket, ISessionOperations operations, Action<Session>? whenClosed)
    {
        _socket = socket;
        _peer = socket.Peer;
        _operations = operations;
        _replies = new SessionReplies(socket);
        _long = new LongOperationQueue(RunLong);
        _whenClosed = whenClosed;
        _thread = new Thread(Run) { IsBackground = true, Name = "hmm-session" };
    }

    /// <summary>Who is at the other end, as the kernel says.</summary>
    public PeerCredentials Peer => _peer;

    /// <summary>Starts serving a connection.</summary>
    /// <param name="socket">The connection; the session owns it from here on.</param>
    /// <param name="operations">
    /// What serves it; <see cref="ISessionOperations.Closed"/> ends its use.
    /// </param>
    /// <param name="whenClosed">Called last, on the session's thread.</param>
    public static Session Start(UnixSocket socket, ISessionOperations operations, Action<Session>? whenClosed = null)
    {
        Wire.RequireLittleEndian();
        var session = new Session(socket, operations, whenClosed);
        session._thread.Start();
        return session;
    }

    /// <summary>
    /// Ends the session as if the client had gone. Returns at once; see <see cref="Wait"/>.
    /// </summary>
    public void Stop()
    {
        try
        {
            _socket.Shutdown();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself in the meantime, which is what the caller wants.
        }
    }

    /// <summary>Waits until the session is closed. Not from its own thread.</summary>
    public void Wait() => _thread.Join();

    /// <summary>Ends the session and waits until it is closed. Not from its own thread.</summary>
    public void Dispose()
    {
        Stop();
        Wait();
    }

    private void Run()
    {
        ReceiveUntilEnd();

        // 1. Nothing new begins. First, or those that give up next would make room for those in line.
        // 2. Operations that wait give up, and replies of the running ones go nowhere.
        // 3. Wait for them: they use the ranges. 4. Only then take the ranges away.
        _long.Stop();
        _ended.Cancel();
        ShutdownAndDrain(_socket);
        _long.Wait();
        _operations.Closed();
        _socket.Dispose();
        _ended.Dispose();
        _whenClosed?.Invoke(this);
    }

    private void ReceiveUntilEnd()
    {
        Span<byte> buffer = stackalloc byte[Limits.RequestBytesMax];
        Span<int> descriptors = stackalloc int[Limits.DescriptorsMax];
        while (true)
        {
            var length = _socket.Receive(buffer, descriptors, out var count, out var error);
            if (error == Errno.EMSGSIZE)
            {
                _replies.SendError(Operation.None, 0, Errno.EBADMSG, TooLong);
                return;
            }

            if (length == 0 || error != Errno.None)
            {
                return;
            }

            using var received = new ReceivedDescriptors(descriptors[..count]);
            if (!TryHandle(buffer[..length], received))
            {
                return;
            }
        }
    }

    /// <summary>Serves one message.</summary>
    /// <returns>False when it broke the protocol, so the session must end.</returns>
    private bool TryHandle(ReadOnlySpan<byte> message, ReceivedDescriptors descriptors)
    {
        // What cannot be read stays zero, and so does the reply to it.
        _ = Wire.TryReadPrefix<MessageHeader>(message, out var header);
        try
        {
            CheckHeader(message, in header);
            Dispatch(message, in header, descriptors);
            return true;
        }
        catch (HmmException refused)
        {
            _replies.SendError(header.Operation, header.Tag, refused.Errno, refused.Sentence);
            return true;
        }
        catch (ProtocolException broken)
        {
            _replies.SendError(header.Operation, header.Tag, broken.Errno, broken.Message);
            return false;
        }
    }

    /// <summary>Tells a client that it is not served, and why, and closes its connection.</summary>
    public static void Refuse(UnixSocket socket, Errno errno, string sentence)
    {
        new SessionReplies(socket).SendError(Operation.Hello, 0, errno, sentence);
        ShutdownAndDrain(socket);
        socket.Dispose();
    }

    /// <summary>
    /// Ends a connection so that the last reply arrives: closing one with unread messages would
    /// throw the reply away and reset the client instead (ECONNRESET).
    /// </summary>
    private static void ShutdownAndDrain(UnixSocket socket)
    {
        socket.Shutdown();
        Span<byte> buffer = stackalloc byte[Limits.RequestBytesMax];
        Span<int> descriptors = stackalloc int[Limits.DescriptorsMax];

        // After the shutdown nothing is added, so this ends: the kernel's buffer bounds what is
        // left. EMSGSIZE tells of a message longer than any request; those behind it are still
        // there.
        var length = 1;
        var error = Errno.None;
        while ((length > 0 && error == Errno.None) || error == Errno.EMSGSIZE)
        {
            length = socket.Receive(buffer, descriptors, out var count, out error);
            new ReceivedDescriptors(descriptors[..count]).Dispose();
        }
    }
}
