// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Linux.Interop;

// Files. Constants: include/uapi/asm-generic/fcntl.h (x64), arch/arm64/include/uapi/asm/fcntl.h
// (arm64), include/uapi/linux/{falloc,fcntl,stat}.h, include/uapi/linux/fs.h (SEEK_*).
internal static unsafe partial class LibC
{
    internal const int O_RDONLY = 0;
    internal const int O_WRONLY = 1;
    internal const int O_RDWR = 2;
    internal const int O_ACCMODE = 3;
    internal const int O_CREAT = 0x40;
    internal const int O_EXCL = 0x80;
    internal const int O_APPEND = 0x400;
    internal const int O_NONBLOCK = 0x800;
    internal const int O_CLOEXEC = 0x80000;
    internal const int O_PATH = 0x200000;

    internal const int AT_FDCWD = -100;
    internal const uint RENAME_NOREPLACE = 1;
    internal const int AT_SYMLINK_NOFOLLOW = 0x100;
    internal const int AT_EMPTY_PATH = 0x1000;

    internal const uint STATX_BASIC_STATS = 0x7ff;

    internal const ushort S_IFMT = 0xF000; // 0170000
    internal const ushort S_IFSOCK = 0xC000; // 0140000
    internal const ushort S_IFREG = 0x8000; // 0100000
    internal const ushort S_IFDIR = 0x4000; // 0040000
    internal const ushort S_IFBLK = 0x6000; // 0060000

    internal const ulong BLKDISCARD = 0x1277; // _IO(0x12, 119): {start, length} in bytes; include/uapi/linux/fs.h
    internal const ulong BLKGETSIZE64 = 0x80081272; // _IOR(0x12, 114, size_t): the size in bytes

    internal const int SEEK_END = 2;
    internal const int SEEK_DATA = 3;
    internal const int SEEK_HOLE = 4;

    internal const int FALLOC_FL_KEEP_SIZE = 0x01;
    internal const int FALLOC_FL_PUNCH_HOLE = 0x02;

    internal const int POSIX_FADV_DONTNEED = 4;

    internal const int F_GETFD = 1;
    internal const int F_SETFD = 2;
    internal const int F_GETFL = 3;
    internal const int F_SETFL = 4;
    internal const int F_DUPFD_CLOEXEC = 1030; // F_LINUX_SPECIFIC_BASE (1024) + 6
    internal const int F_ADD_SEALS = 1033;
    internal const int F_GET_SEALS = 1034;
    internal const int FD_CLOEXEC = 1;

    internal const int F_SEAL_SEAL = 0x1;
    internal const int F_SEAL_SHRINK = 0x2;
    internal const int F_SEAL_GROW = 0x4;

    internal const int LOCK_EX = 2;
    internal const int LOCK_NB = 4;

    // arm64 kept 32-bit ARM's numbers for these: 040000, 0100000 and 0200000.
    internal static readonly int O_NOFOLLOW = IsArm64 ? 0x8000 : 0x20000;
    internal static readonly int O_DIRECTORY = IsArm64 ? 0x4000 : 0x10000;
    internal static readonly int O_DIRECT = IsArm64 ? 0x10000 : 0x4000;
    internal static readonly int O_TMPFILE = 0x400000 | O_DIRECTORY; // __O_TMPFILE | O_DIRECTORY

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags, uint mode);

    // Takes the number: only a SafeHandle's release, or the owner of a number that no handle owns
    // yet, may call it.
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int close(int fd);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint read(SafeHandle fd, void* buffer, nuint count);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint write(SafeHandle fd, void* buffer, nuint count);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint pread(SafeHandle fd, nint buffer, nuint count, long offset);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint pwrite(SafeHandle fd, nint buffer, nuint count, long offset);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial long lseek(SafeHandle fd, long offset, int whence);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int ftruncate(SafeHandle fd, long length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fallocate(SafeHandle fd, int mode, long offset, long length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fdatasync(SafeHandle fd);

    // Returns the error number; it does not set errno.
    [LibraryImport(Library)]
    internal static partial int posix_fadvise(SafeHandle fd, long offset, long length, int advice);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fcntl(SafeHandle fd, int command, long argument);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fchmod(SafeHandle fd, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int flock(SafeHandle fd, int operation);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int unlink(string path);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int renameat2(int oldFolder, string oldPath, int newFolder, string newPath, uint flags);

    // statx and not stat: its structure is the same on every architecture.
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx(int folder, string path, int flags, uint mask, statx_buffer* buffer);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statx(SafeHandle fd, string path, int flags, uint mask, statx_buffer* buffer);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int statvfs(string path, statvfs_buffer* buffer);
}
