// SPDX-License-Identifier: MIT
using System.Text;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// A Unix socket of type SOCK_SEQPACKET: one message is one datagram, in order, and may carry
/// descriptors.
/// </summary>
/// <remarks>
/// Thread-safety: every member may be called from several threads at once; each message goes to one
/// receiver. A descriptor in use by a blocked call closes when that call returns:
/// <see cref="Shutdown"/> makes it return. Disposal does not shut the connection down, because
/// another process may hold the same end.
/// </remarks>
public sealed unsafe partial class UnixSocket : DescriptorHandle
{
    private UnixSocket(int descriptor)
        : base(descriptor)
    {
    }

    /// <summary>Where a listener listens; null for any other socket.</summary>
    public string? Path { get; private set; }

    /// <summary>
    /// The process at the other end, as of when it connected (of a pair: the one that made the
    /// pair).
    /// </summary>
    /// <exception cref="HmmException">The system's error.</exception>
    public PeerCredentials Peer
    {
        get
        {
            ucred credentials;
            var length = (uint)sizeof(ucred);

            // Safe because the length passed is that of the structure, and both locals outlive the
            // call.
            var result = LibC.getsockopt(this, LibC.SOL_SOCKET, LibC.SO_PEERCRED, &credentials, &length);
            var error = LinuxError.Last();
            if (result < 0)
            {
                LinuxError.Throw(error, "getsockopt", "SO_PEERCRED");
            }

            return new PeerCredentials(credentials.pid, credentials.uid, credentials.gid);
        }
    }

    /// <summary>Makes two connected sockets; both close-on-exec.</summary>
    /// <exception cref="HmmException">EMFILE, ENOMEM: the system's limits.</exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    public static (UnixSocket Left, UnixSocket Right) CreatePair()
    {
        Platform.Require();
        var pair = stackalloc int[2];

        // Safe because the kernel writes exactly two numbers.
        var result = LibC.socketpair(LibC.AF_UNIX, LibC.SOCK_SEQPACKET | LibC.SOCK_CLOEXEC, 0, pair);
        var error = LinuxError.Last();
        if (result < 0)
        {
            LinuxError.Throw(error, "socketpair", "AF_UNIX, SOCK_SEQPACKET");
        }

        return (new UnixSocket(pair[0]), new UnixSocket(pair[1]));
    }

    /// <summary>
    /// Takes over a connected socket, for example one that a parent process left as descriptor 3.
    /// </summary>
    /// <param name="descriptor">
    /// The descriptor, owned by the result from here on; made close-on-exec.
    /// </param>
    /// <exception cref="HmmException">
    /// EBADF: no such descriptor; nothing was taken over.
    /// </exception>
    public static UnixSocket Adopt(int descriptor)
    {
        Platform.Require();
        var adopted = new UnixSocket(descriptor);
        var result = LibC.fcntl(adopted, LibC.F_SETFD, LibC.FD_CLOEXEC);
        var error = LinuxError.Last();
        if (result < 0)
        {
            adopted.SetHandleAsInvalid();
            LinuxError.Throw(error, "fcntl", $"{descriptor}, F_SETFD, FD_CLOEXEC");
        }

        return adopted;
    }

    /// <summary>Connects to a listener; waits while its backlog is full.</summary>
    /// <param name="path">The listener's path, at most 107 bytes of UTF-8.</param>
    /// <exception cref="HmmException">
    /// ENOENT, ECONNREFUSED: nobody listens. EACCES: not permitted. The message has the fix.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    public static UnixSocket Connect(string path)
    {
        Platform.Require();
        var address = Address(path);
        var connected = Create(path);
        var error = TryConnect(connected, ref address);
        if (error != Errno.None)
        {
            connected.Dispose();
            LinuxError.Throw(error, "connect", $"\"{path}\"", ConnectCause(error));
        }

        return connected;
    }

    /// <summary>Waits for a client of a listener.</summary>
    /// <returns>The connection; close-on-exec.</returns>
    /// <exception cref="HmmException">
    /// ECANCELED: <see cref="Shutdown"/> was called. EMFILE, ENOMEM: the system's limits; the
    /// client goes on waiting.
    /// </exception>
    public UnixSocket Accept()
    {
        while (true)
        {
            var descriptor = LibC.accept4(this, null, null, LibC.SOCK_CLOEXEC);
            var error = LinuxError.Last();
            if (descriptor >= 0)
            {
                return new UnixSocket(descriptor);
            }

            if (error == Errno.EAGAIN)
            {
                Poll.WaitReadable(this, timeoutMs: -1);
            }
            else if (error == Errno.EINVAL)
            {
                // The kernel's answer both after shutdown and on a socket that never listened.
                LinuxError.Throw(
                    Errno.ECANCELED, "accept4", $"\"{Path}\"", "the listener was shut down; listen again to go on");
            }
            else if (!LinuxError.IsInterrupted(error) && error != OtherErrno.ECONNABORTED)
            {
                LinuxError.Throw(error, "accept4", $"\"{Path}\"");
            }
        }
    }

    /// <summary>
    /// Ends the connection in both directions, for every process that holds this end, and wakes
    /// blocked receivers (who see the end) and acceptors (ECANCELED). Later calls do nothing.
    /// </summary>
    public void Shutdown()
    {
        // ENOTCONN: it has ended already.
        _ = LibC.shutdown(this, LibC.SHUT_RDWR);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        RemovePath();
        var released = base.ReleaseHandle();
        _lock?.Dispose(); // last: the next listener may come as soon as it is gone
        return released;
    }

    private static UnixSocket Create(string path)
    {
        var descriptor = LibC.socket(LibC.AF_UNIX, LibC.SOCK_SEQPACKET | LibC.SOCK_CLOEXEC, 0);
        var error = LinuxError.Last();
        if (descriptor < 0)
        {
            LinuxError.Throw(error, "socket", $"AF_UNIX, SOCK_SEQPACKET, for \"{path}\"");
        }

        return new UnixSocket(descriptor);
    }

    private static sockaddr_un Address(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("A socket's path must not contain a NUL character.", nameof(path));
        }

        const int PathBytesMax = sockaddr_un.PathSizeBytes - 1; // the NUL takes one
        var length = Encoding.UTF8.GetByteCount(path);
        if (length > PathBytesMax)
        {
            throw new HmmException(
                Errno.EINVAL,
                $"The socket path \"{path}\" has {length} bytes and the kernel takes at most {PathBytesMax}; "
                    + "choose a shorter one.");
        }

        var address = new sockaddr_un { sun_family = LibC.AF_UNIX };

        // Safe because the length was checked above and the structure starts out as zeros, so the
        // NUL is there.
        Encoding.UTF8.GetBytes(path, new Span<byte>(address.sun_path, PathBytesMax));
        return address;
    }

    private static Errno TryConnect(UnixSocket socket, ref sockaddr_un address)
    {
        while (true)
        {
            // Safe because the pinned structure outlives the call and the length is its own.
            fixed (sockaddr_un* pointer = &address)
            {
                var result = LibC.connect(socket, pointer, (uint)sizeof(sockaddr_un));
                var error = LinuxError.Last();
                if (result == 0)
                {
                    return Errno.None;
                }

                // A Unix connect that a signal interrupts has not begun, unlike TCP's: it can be
                // made again.
                if (!LinuxError.IsInterrupted(error))
                {
                    return error;
                }
            }
        }
    }

    private static string? ConnectCause(Errno error) => error switch
    {
        Errno.ENOENT => "no host listens there; start one (hmm host --socket PATH) or correct the path",
        Errno.ECONNREFUSED => "what is there is no live listener: its host has ended, or it is no socket; start a host "
            + "(hmm host --socket PATH)",
        Errno.EACCES or Errno.EPERM =>
            "this user may not connect to it; run as the user who started the host, or ask for access",
        OtherErrno.EPROTOTYPE =>
            "a program listens there that is no host (its socket has another type); correct the path",
        _ => null,
    };
}
