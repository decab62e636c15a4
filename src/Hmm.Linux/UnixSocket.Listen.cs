// SPDX-License-Identifier: MIT
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <content>
/// Listening on a path. A socket file outlives a process that is killed, so a path that is taken
/// may be stale. Who holds the path's lock knows that none of us listens there; whether another
/// program does, connecting tells. The kernel refuses who connects between bind and listen, so both
/// are done under another name: once the path is there, somebody listens.
/// </content>
public sealed unsafe partial class UnixSocket
{
    private const uint OwnerOnly = 0x180; // 0600

    private (uint, uint, ulong) _identity; // Guarded by: immutable once Listen has returned
    private SocketLock? _lock; // Guarded by: immutable once Listen has returned

    /// <summary>
    /// Listens on a path that only this user may connect to (mode 0600). Replaces the socket that a
    /// killed process of this user left there. While it listens it holds a lock on PATH.lock;
    /// disposing removes both.
    /// </summary>
    /// <param name="path">
    /// The path, at most 107 bytes of UTF-8; its folder must exist and be writable.
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
        var socket = Create(path);
        try
        {
            // 1. From here on no other listener of ours touches the path.
            socket._lock = SocketLock.TryTake(path);
            if (socket._lock is null)
            {
                ThrowInUse(path);
            }

            RemoveStale(path, ref address);

            // 2. The mode of the unbound socket becomes the file's, so that at no time may others
            // connect.
            var result = LibC.fchmod(socket, OwnerOnly);
            var error = LinuxError.Last();
            if (result < 0)
            {
                LinuxError.Throw(error, "fchmod", $"socket for \"{path}\", 0600");
            }

            // 3. Bind and listen. From here on disposing removes the name.
            var name = NameBefore(path, socket._lock);
            socket.BindAs(name);
            result = LibC.listen(socket, backlog);
            error = LinuxError.Last();
            if (result < 0)
            {
                LinuxError.Throw(error, "listen", $"\"{path}\", {backlog}");
            }

            // 4. Whoever finds the path is heard.
            if (name != path)
            {
                socket.Rename(path);
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    internal static string? ListenCause(Errno error) => error switch
    {
        Errno.EADDRINUSE => "another program took the path just now; choose another path",
        Errno.ENOENT => "the folder does not exist; create it or choose another",
        Errno.EISDIR => "a folder is there; choose another path",
        OtherErrno.ELOOP => "a symbolic link is where the lock should be; remove it or choose another path",
        OtherErrno.ENOTDIR => "what should be the folder is a file; choose another path",
        Errno.EACCES or Errno.EPERM =>
            "this user may not create a socket in that folder; choose one of yours, such as $XDG_RUNTIME_DIR",
        _ => null,
    };

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
            ThrowInUse(path);
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

    [DoesNotReturn]
    private static void ThrowInUse(string path) => LinuxError.Throw(
        Errno.EADDRINUSE,
        "bind",
        $"\"{path}\"",
        "a program listens there already; connect to it, end it, or choose another path");

    // A name in the path's folder that only who holds the path's lock uses: by the number of the lock's file. In a
    // folder whose own name leaves no room for it, the path itself: there, who connects just then is refused.
    private static string NameBefore(string path, SocketLock held)
    {
        var (_, _, number) = FileStatus.Of(held).Identity;
        var name = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path) ?? string.Empty, $".hmm-{number:x}");
        return Encoding.UTF8.GetByteCount(name) < sockaddr_un.PathSizeBytes ? name : path;
    }

    private void BindAs(string name)
    {
        var address = Address(name);
        RemoveStale(name, ref address);

        // Safe because the structure outlives the call and the length is its own.
        var result = LibC.bind(this, &address, (uint)sizeof(sockaddr_un));
        var error = LinuxError.Last();
        if (result == 0)
        {
            error = FileStatus.TryOf(name, out var status);
            (Path, _identity) = (name, status.Identity);
        }

        if (error != Errno.None)
        {
            LinuxError.Throw(error, "bind", $"\"{name}\"", ListenCause(error));
        }
    }

    private void Rename(string path)
    {
        var result = LibC.renameat2(LibC.AT_FDCWD, Path!, LibC.AT_FDCWD, path, LibC.RENAME_NOREPLACE);
        var error = LinuxError.Last();
        if (result < 0)
        {
            error = error == Errno.EEXIST ? Errno.EADDRINUSE : error;
            LinuxError.Throw(error, "rename", $"\"{Path}\", \"{path}\"", ListenCause(error));
        }

        Path = path;
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
