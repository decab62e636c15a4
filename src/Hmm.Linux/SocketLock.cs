// SPDX-License-Identifier: MIT
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

// The right to listen on a path: a lock on the file PATH.lock, held from before the path is bound
// until after it is removed. It ends with its holder, however that ends; so whoever gets it knows
// that a socket left at the path by one of us is stale, without a race. The file of a holder that
// was killed is taken over; any other is removed while the lock is still held.
internal sealed class SocketLock : DescriptorHandle
{
    // A holder that goes between our opening and our locking leaves us with a removed file, and the
    // next try makes a new one. Losing that race so often takes a storm of hosts.
    private const int TriesMax = 100;

    private const uint OwnerOnly = 0x180; // 0600

    private readonly string _path; // Guarded by: immutable
    private bool _isHeld; // Guarded by: owner thread until TryTake returns, then immutable

    private SocketLock(int descriptor, string path)
        : base(descriptor)
    {
        _path = path;
    }

    // Null when somebody else holds it.
    internal static SocketLock? TryTake(string socketPath)
    {
        var path = socketPath + ".lock";
        for (var tries = 0; tries < TriesMax; tries++)
        {
            var opened = Open(path);
            var result = LibC.flock(opened, LibC.LOCK_EX | LibC.LOCK_NB);
            var error = LinuxError.Last();
            if (result == 0 && opened.IsNamedByPath())
            {
                opened._isHeld = true;
                return opened;
            }

            opened.Dispose();
            if (result < 0 && error == Errno.EAGAIN)
            {
                return null;
            }

            if (result < 0 && !LinuxError.IsInterrupted(error))
            {
                LinuxError.Throw(error, "flock", $"\"{path}\"", "this file system has no locks; choose a local folder");
            }
        }

        return null;
    }

    protected override bool ReleaseHandle()
    {
        if (_isHeld)
        {
            _ = LibC.unlink(_path);
        }

        return base.ReleaseHandle();
    }

    private static SocketLock Open(string path)
    {
        // O_NOFOLLOW: in a folder like /tmp somebody could have put a link to another file there.
        var flags = LibC.O_RDWR | LibC.O_CREAT | LibC.O_CLOEXEC | LibC.O_NOFOLLOW;
        var descriptor = LibC.open(path, flags, OwnerOnly);
        var error = LinuxError.Last();
        if (descriptor < 0)
        {
            LinuxError.Throw(error, "open", $"\"{path}\"", UnixSocket.ListenCause(error));
        }

        return new SocketLock(descriptor, path);
    }

    private bool IsNamedByPath()
        => FileStatus.TryOf(_path, out var named) == Errno.None && named.Identity == FileStatus.Of(this).Identity;
}
