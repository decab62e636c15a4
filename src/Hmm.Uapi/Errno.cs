// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>
/// The error numbers that cross the boundary: Linux's own values, so that a client in any language can use its
/// <c>errno.h</c>. Source: <c>include/uapi/asm-generic/errno-base.h</c> and <c>errno.h</c>.
/// </summary>
public enum Errno
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>Operation not permitted.</summary>
    EPERM = 1,

    /// <summary>No such file, range, device or symbol.</summary>
    ENOENT = 2,

    /// <summary>The application is gone.</summary>
    ESRCH = 3,

    /// <summary>A system call was interrupted; never leaves <c>Hmm.Linux</c>.</summary>
    EINTR = 4,

    /// <summary>The device failed to read or write.</summary>
    EIO = 5,

    /// <summary>The span touches System RAM, or the device address does not exist.</summary>
    ENXIO = 6,

    /// <summary>
    /// Not a module that can be loaded: malformed, of another contract, or a symbol of it is
    /// exported twice.
    /// </summary>
    ENOEXEC = 8,

    /// <summary>Bad file descriptor.</summary>
    EBADF = 9,

    /// <summary>Try again.</summary>
    EAGAIN = 11,

    /// <summary>No memory, or no room to bring pages back to.</summary>
    ENOMEM = 12,

    /// <summary>Permission denied.</summary>
    EACCES = 13,

    /// <summary>Bad address.</summary>
    EFAULT = 14,

    /// <summary>In use; the message names both owners.</summary>
    EBUSY = 16,

    /// <summary>Exists already.</summary>
    EEXIST = 17,

    /// <summary>No such device, or it is being removed.</summary>
    ENODEV = 19,

    /// <summary>A directory stands where a file must.</summary>
    EISDIR = 21,

    /// <summary>Invalid argument.</summary>
    EINVAL = 22,

    /// <summary>Too many open files.</summary>
    EMFILE = 24,

    /// <summary>File too large.</summary>
    EFBIG = 27,

    /// <summary>No space left on the device.</summary>
    ENOSPC = 28,

    /// <summary>The file system is read-only.</summary>
    EROFS = 30,

    /// <summary>The other end is closed.</summary>
    EPIPE = 32,

    /// <summary>No free span of that size.</summary>
    ERANGE = 34,

    /// <summary>The operation is unknown.</summary>
    ENOSYS = 38,

    /// <summary>The message is malformed.</summary>
    EBADMSG = 74,

    /// <summary>A value is too large.</summary>
    EOVERFLOW = 75,

    /// <summary>The protocol is violated.</summary>
    EPROTO = 71,

    /// <summary>Message too long.</summary>
    EMSGSIZE = 90,

    /// <summary>The version of the protocol is not supported.</summary>
    EPROTONOSUPPORT = 93,

    /// <summary>Not supported here.</summary>
    EOPNOTSUPP = 95,

    /// <summary>Address already in use.</summary>
    EADDRINUSE = 98,

    /// <summary>Connection reset by the other end.</summary>
    ECONNRESET = 104,

    /// <summary>Not connected.</summary>
    ENOTCONN = 107,

    /// <summary>Timed out.</summary>
    ETIMEDOUT = 110,

    /// <summary>Connection refused.</summary>
    ECONNREFUSED = 111,

    /// <summary>Cancelled.</summary>
    ECANCELED = 125,

    /// <summary>The page is poisoned: its device could not return it.</summary>
    EHWPOISON = 133,
}
