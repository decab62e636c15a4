// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Host.Sessions;

/// <summary>
/// Accepts connections of a daemon's socket, checks who they are, and starts a session for each.
/// </summary>
/// <remarks>
/// Ownership: the listener owns its socket and its sessions. Threads: one accepts;
/// <see cref="Dispose"/> may come from any other, once.
/// Invariant: every accepted connection either is in <c>_sessions</c> or was refused and closed.
/// </remarks>
internal sealed class SessionListener : IDisposable
{
    /// <summary>
    /// How long to wait when the process is out of descriptors: accepting again at once would fail
    /// at once, for as long as the sessions hold them.
    /// </summary>
    private static readonly TimeSpan OutOfDescriptorsPause = TimeSpan.FromMilliseconds(100);

    private readonly UnixSocket _socket; // Guarded by: immutable
    private readonly Func<PeerCredentials, ISessionOperations> _connect; // Guarded by: immutable
    private readonly Func<PeerCredentials, bool> _allow; // Guarded by: immutable
    private readonly int _sessionsMax; // Guarded by: immutable
    private readonly Thread _thread; // Guarded by: immutable
    private readonly ManualResetEventSlim _stopping = new(); // Guarded by: itself
    private readonly Lock _gate = new();
    private readonly HashSet<Session> _sessions = []; // Guarded by: _gate

    private SessionListener(
        UnixSocket socket,
        Func<PeerCredentials, ISessionOperations> connect,
        Func<PeerCredentials, bool>? allow,
        int sessionsMax)
    {
        _socket = socket;
        _connect = connect;
        _allow = allow ?? IsSameUserOrRoot;
        _sessionsMax = sessionsMax;
        _thread = new Thread(Run) { IsBackground = true, Name = "hmm-listener" };
    }

    /// <summary>Sessions that are open now.</summary>
    public int SessionCount
    {
        get
        {
            lock (_gate)
            {
                return _sessions.Count;
            }
        }
    }

    /// <summary>Starts accepting.</summary>
    /// <param name="socket">A listening socket; the listener owns it from here on.</param>
    /// <param name="connect">
    /// Makes what serves a new session. Throw <see cref="HmmException"/> to refuse it.
    /// </param>
    /// <param name="allow">
    /// Who may connect; by default root and the user that the host runs as.
    /// </param>
    /// <param name="sessionsMax">
    /// How many sessions at a time, 1 to <see cref="Limits.SessionsMax"/>.
    /// </param>
    public static SessionListener Start(
        UnixSocket socket,
        Func<PeerCredentials, ISessionOperations> connect,
        Func<PeerCredentials, bool>? allow = null,
        int sessionsMax = Limits.SessionsMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sessionsMax, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sessionsMax, Limits.SessionsMax);
        var listener = new SessionListener(socket, connect, allow, sessionsMax);
        listener._thread.Start();
        return listener;
    }

    /// <summary>Stops accepting, ends every session, and waits until all are closed.</summary>
    public void Dispose()
    {
        // 1. No new sessions. 2. End those there are. 3. Wait for them: they use what the caller
        //    takes away next.
        _stopping.Set();
        _socket.Shutdown();
        _thread.Join();
        Session[] open;
        lock (_gate)
        {
            open = [.. _sessions];
        }

        foreach (var session in open)
        {
            session.Stop();
        }

        foreach (var session in open)
        {
            session.Wait();
        }

        _socket.Dispose();
        _stopping.Dispose();
    }

    private void Run()
    {
        while (!_stopping.IsSet)
        {
            UnixSocket? connection = null;
            try
            {
                connection = _socket.Accept();
                Serve(connection);
            }
            catch (HmmException exception) when (connection is not null)
            {
                Session.Refuse(connection, exception.Errno, exception.Sentence);
            }
            catch (HmmException exception)
            {
                // What can go wrong here is the caller's connection (it left while it waited), or
                // the process or system being out of descriptors or memory. Neither ends the
                // listener.
                if (!_stopping.IsSet)
                {
                    HostLog.Write(exception.Message);
                    _stopping.Wait(OutOfDescriptorsPause);
                }
            }
        }
    }

    private void Serve(UnixSocket connection)
    {
        var peer = connection.Peer;
        if (!_allow(peer))
        {
            throw new HmmException(
                Errno.EACCES,
                $"User {peer.UserId} may not use this host; connect as root or as its own user, {SystemInfo.UserId}.");
        }

        lock (_gate)
        {
            if (_sessions.Count >= _sessionsMax)
            {
                throw new HmmException(
                    Errno.EAGAIN,
                    $"The host serves {_sessionsMax} sessions, its limit; close one, or try again later.");
            }

            // Started under the lock: a session that ends at once must find itself in the set.
            _sessions.Add(Session.Start(connection, _connect(peer), Forget));
        }
    }

    private void Forget(Session session)
    {
        lock (_gate)
        {
            _sessions.Remove(session);
        }
    }

    private static bool IsSameUserOrRoot(PeerCredentials peer) => peer.UserId == 0 || peer.UserId == SystemInfo.UserId;
}
