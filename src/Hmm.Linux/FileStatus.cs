// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

// What the kernel knows of a file (statx), and the hole punch that memory files and files on disk
// share.
internal readonly record struct FileStatus(
    ushort Mode,
    ulong SizeBytes,
    ulong AllocatedBytes,
    uint UserId,
    (uint Major, uint Minor, ulong Number) Identity,
    (uint Major, uint Minor) Device)
{
    // statx counts blocks of 512 bytes whatever the file system's own are.
    private const ulong BlockSizeBytes = 512;

    internal bool IsSocket => (Mode & LibC.S_IFMT) == LibC.S_IFSOCK;

    internal bool IsFolder => (Mode & LibC.S_IFMT) == LibC.S_IFDIR;

    internal bool IsBlockDevice => (Mode & LibC.S_IFMT) == LibC.S_IFBLK;

    internal bool IsRegularFile => (Mode & LibC.S_IFMT) == LibC.S_IFREG;

    internal static FileStatus Of(SafeHandle file)
    {
        var error = TryOf(file, out var status);
        if (error != Errno.None)
        {
            LinuxError.Throw(error, "statx", "descriptor");
        }

        return status;
    }

    internal static unsafe Errno TryOf(SafeHandle file, out FileStatus status)
    {
        statx_buffer buffer;

        // Safe because the buffer has the size of the kernel's structure and outlives the call.
        var result = LibC.statx(file, "", LibC.AT_EMPTY_PATH, LibC.STATX_BASIC_STATS, &buffer);
        var error = LinuxError.Last();
        status = result < 0 ? default : From(in buffer);
        return result < 0 ? error : Errno.None;
    }

    // Of the path itself, not of what a symbolic link points to.
    internal static unsafe Errno TryOf(string path, out FileStatus status)
    {
        statx_buffer buffer;

        // Safe because the buffer has the size of the kernel's structure and outlives the call.
        var result = LibC.statx(LibC.AT_FDCWD, path, LibC.AT_SYMLINK_NOFOLLOW, LibC.STATX_BASIC_STATS, &buffer);
        var error = LinuxError.Last();
        status = result < 0 ? default : From(in buffer);
        return result < 0 ? error : Errno.None;
    }

    internal static Errno PunchHole(SafeHandle file, ulong offset, ulong lengthBytes)
    {
        while (true)
        {
            const int Mode = LibC.FALLOC_FL_PUNCH_HOLE | LibC.FALLOC_FL_KEEP_SIZE;
            var result = LibC.fallocate(file, Mode, (long)offset, (long)lengthBytes);
            var error = LinuxError.Last();
            if (result == 0)
            {
                return Errno.None;
            }

            if (!LinuxError.IsInterrupted(error))
            {
                return error;
            }
        }
    }

    private static FileStatus From(in statx_buffer buffer) => new(
        buffer.stx_mode,
        buffer.stx_size,
        buffer.stx_blocks * BlockSizeBytes,
        buffer.stx_uid,
        (buffer.stx_dev_major, buffer.stx_dev_minor, buffer.stx_ino),
        (buffer.stx_rdev_major, buffer.stx_rdev_minor));
}
