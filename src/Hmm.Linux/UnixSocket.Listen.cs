// SPDX-License-Identifier: MIT
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <content>
/// Listening on a path. A socket file outlives a process that is killed, so a path that is taken
/// may be stale: it is when connecting is refused. But a socket between bind and listen refuses
/// too; so everything from bind to listen, and the replacement of a stale one, happens under a lock
/// on the folder that all listeners take.
/// </content>
public sealed unsafe partial class UnixSocket
{
    // Listening takes microseconds, so who holds the folder's lock longer than this (2 s) is not
    // one of us.
    private const int LockTriesMax = 200;
    private const int LockRetryMs = 10;

    private const uint OwnerOnly = 0x180; // 0600

    private (uint, uint, ulong) _identity; // Guarded by: immutable once Listen has returned

    /// <summary>
    /// Listens on a path that only this user may connect to (mode 0600). Replaces the socket that a
    /// killed process of this user left there. Disposing removes the path.
    /// </summary>
    /// <param name="path">
    /// The path, at most 107 bytes of UTF-8; its folder must exist and be readable and writable.
    /// </param>
    /// <param name="backlog">
    /// How many clients may wait to be accepted: 1 to net.core.somaxconn.
    /// </param>
    /// <exception cref="HmmException">
    /// EADDRINUSE: somebody listens there, or the leftover is another user's. EEXIST: something
    /// that is no socket is there. EINVAL: the path is too long. ENOENT, EACCES, EROFS: the folder.
    /// The message has the fix.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    public static UnixSocket Listen(string path, int backlog)
    {
        Platform.Require();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(backlog);
        var address = Address(path);
        using var folder = LockFolder(path);
        var socket = Create(path);
        try
        {
            // 1. The mode of the unbound socket becomes the file's, so that at no time may others
            // connect.
            var result = LibC.fchmod(socket, OwnerOnly);
            var error = LinuxError.Last();
            if (result < 0)
            {
                LinuxError.Throw(error, "fchmod", $"socket for \"{path}\", 0600");
            }

            // 2. Bind, once more if a stale socket was in the way.
            error = socket.TryBind(ref address);
            if (error == Errno.EADDRINUSE)
            {
                RemoveStale(path, ref address);
                error = socket.TryBind(ref address);
            }

            if (error != Errno.None)
            {
                LinuxError.Throw(error, "bind", $"\"{path}\"", ListenCause(error));
            }

            // 3. From here on disposing removes the path.
            socket.Path = path;
            error = FileStatus.TryOf(path, out var status);
            socket._identity = status.Identity;
            if (error == Errno.None)
            {
                // 4. Listen.
                result = LibC.listen(socket, backlog);
                error = LinuxError.Last();
                if (result == 0)
                {
                    return socket;
                }
            }

            throw LinuxError.Create(error, "listen", $"\"{path}\", {backlog}");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static Descriptor LockFolder(string path)
    {
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)) ?? "/";
        var descriptor = LibC.open(folder, LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_CLOEXEC, 0);
        var error = LinuxError.Last();
        if (descriptor < 0)
        {
            LinuxError.Throw(error, "open", $"\"{folder}\"", ListenCause(error));
        }

        var locked = new Descriptor(descriptor);
        for (var tries = 0; tries < LockTriesMax; tries++)
        {
            if (LibC.flock(locked, LibC.LOCK_EX | LibC.LOCK_NB) == 0)
            {
                return locked; // closing releases it
            }

            error = LinuxError.Last();
            if (error != Errno.EAGAIN && !LinuxError.IsInterrupted(error))
            {
                // A file system without locks; the race it would close needs two hosts to start in
                // the same microseconds.
                return locked;
            }

            Thread.Sleep(LockRetryMs);
        }

        locked.Dispose();
        throw LinuxError.Create(
            Errno.EBUSY,
            "flock",
            $"\"{folder}\", LOCK_EX",
            "another program keeps the folder locked; choose another folder for the socket");
    }

    private static void RemoveStale(string path, ref sockaddr_un address)
    {
        var error = FileStatus.TryOf(path, out var status);
        if (error == Errno.ENOENT)
        {
            return;
        }

        if (error != Errno.None)
        {
            LinuxError.Throw(error, "statx", $"\"{path}\"", ListenCause(error));
        }

        if (!status.IsSocket)
        {
            LinuxError.Throw(
                Errno.EEXIST,
                "bind",
                $"\"{path}\"",
                "something that is not a socket is there; remove it or choose another path");
        }

        if (IsLive(path, ref address))
        {
            LinuxError.Throw(
                Errno.EADDRINUSE,
                "bind",
                $"\"{path}\"",
                "a program listens there already; connect to it, end it, or choose another path");
        }

        if (status.UserId != LibC.geteuid())
        {
            LinuxError.Throw(
                Errno.EADDRINUSE,
                "bind",
                $"\"{path}\"",
                $"user {status.UserId} left a socket there that nobody listens on; remove it or choose another path");
        }

        var result = LibC.unlink(path);
        error = LinuxError.Last();
        if (result < 0 && error != Errno.ENOENT)
        {
            LinuxError.Throw(error, "unlink", $"\"{path}\"", ListenCause(error));
        }
    }

    private static bool IsLive(string path, ref sockaddr_un address)
    {
        // Non-blocking: a live listener with a full backlog answers EAGAIN instead of holding us
        // up. Only a refusal, or nothing there, proves that nobody listens; a socket of another
        // type (EPROTOTYPE) belongs to someone.
        var descriptor = LibC.socket(LibC.AF_UNIX, LibC.SOCK_SEQPACKET | LibC.SOCK_CLOEXEC | LibC.SOCK_NONBLOCK, 0);
        var error = LinuxError.Last();
        if (descriptor < 0)
        {
            LinuxError.Throw(error, "socket", $"AF_UNIX, SOCK_SEQPACKET, to try \"{path}\"");
        }

        using var tried = new UnixSocket(descriptor);
        return TryConnect(tried, ref address) is not (Errno.ECONNREFUSED or Errno.ENOENT);
    }

    private static string? ListenCause(Errno error) => error switch
    {
        Errno.EADDRINUSE => "another program took the path just now; choose another path",
        Errno.ENOENT => "the folder does not exist; create it or choose another",
        OtherErrno.ENOTDIR => "what should be the folder is a file; choose another path",
        Errno.EACCES or Errno.EPERM =>
            "this user may not create a socket in that folder; choose one of yours, such as $XDG_RUNTIME_DIR",
        _ => null,
    };

    private Errno TryBind(ref sockaddr_un address)
    {
        // Safe because the pinned structure outlives the call and the length is its own.
        fixed (sockaddr_un* pointer = &address)
        {
            var result = LibC.bind(this, pointer, (uint)sizeof(sockaddr_un));
            var error = LinuxError.Last();
            return result == 0 ? Errno.None : error;
        }
    }

    // Only while the path still names our own socket: after a shutdown another listener may have
    // replaced it.
    private void RemovePath()
    {
        if (Path is not null && FileStatus.TryOf(Path, out var status) == Errno.None && status.Identity == _identity)
        {
            _ = LibC.unlink(Path);
        }
    }
}
