// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Linux.Interop;

// userfaultfd. Constants: include/uapi/linux/userfaultfd.h of Linux 6.18; distributions' headers
// are often older than their kernels, so all are written out. An ioctl number is
//   direction << 30 | size of the argument << 16 | 0xAA << 8 | number
// with direction 1 to write, 2 to read and 3 for both (asm-generic/ioctl.h).
internal static unsafe partial class LibC
{
    internal const ulong UFFD_API = 0xAA;

    internal const ulong USERFAULTFD_IOC_NEW = 0xAA00; // _IO(0xAA, 0): on /dev/userfaultfd, Linux 6.1
    internal const ulong UFFDIO_API = 0xC018AA3F; // _IOWR, 24
    internal const ulong UFFDIO_REGISTER = 0xC020AA00; // _IOWR, 32
    internal const ulong UFFDIO_UNREGISTER = 0x8010AA01; // _IOR, 16
    internal const ulong UFFDIO_WAKE = 0x8010AA02; // _IOR, 16
    internal const ulong UFFDIO_COPY = 0xC028AA03; // _IOWR, 40
    internal const ulong UFFDIO_WRITEPROTECT = 0xC018AA06; // _IOWR, 24
    internal const ulong UFFDIO_POISON = 0xC020AA08; // _IOWR, 32; Linux 6.6

    internal const ulong UFFD_FEATURE_PAGEFAULT_FLAG_WP = 1 << 0;
    internal const ulong UFFD_FEATURE_MISSING_SHMEM = 1 << 5;
    internal const ulong UFFD_FEATURE_THREAD_ID = 1 << 8;
    internal const ulong UFFD_FEATURE_WP_HUGETLBFS_SHMEM = 1 << 12; // Linux 5.19
    internal const ulong UFFD_FEATURE_WP_UNPOPULATED = 1 << 13; // Linux 6.4
    internal const ulong UFFD_FEATURE_POISON = 1 << 14; // Linux 6.6

    internal const ulong UFFDIO_REGISTER_MODE_MISSING = 1 << 0;
    internal const ulong UFFDIO_REGISTER_MODE_WP = 1 << 1;
    internal const ulong UFFDIO_COPY_MODE_WP = 1 << 1;
    internal const ulong UFFDIO_WRITEPROTECT_MODE_WP = 1 << 0;
    internal const ulong UFFDIO_POISON_MODE_DONTWAKE = 1 << 0;

    internal const byte UFFD_EVENT_PAGEFAULT = 0x12;
    internal const byte UFFD_EVENT_FORK = 0x13;
    internal const ulong UFFD_PAGEFAULT_FLAG_WRITE = 1 << 0;
    internal const ulong UFFD_PAGEFAULT_FLAG_WP = 1 << 1;

    internal const int UFFD_USER_MODE_ONLY = 1;

    // arch/x86/entry/syscalls/syscall_64.tbl; include/uapi/asm-generic/unistd.h
    internal static readonly long SYS_userfaultfd = IsArm64 ? 282 : 323;

    // ioctl and syscall are variadic; on Linux x64 and arm64 variadic integer arguments travel as
    // fixed ones do.
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int ioctl(SafeHandle fd, ulong request, void* argument);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int ioctl(SafeHandle fd, ulong request, nint argument);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial long syscall(long number, long argument);
}
