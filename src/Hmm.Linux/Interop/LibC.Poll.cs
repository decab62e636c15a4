// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Linux.Interop;

// Waiting. Constants: include/uapi/asm-generic/poll.h, include/uapi/linux/eventpoll.h,
// include/uapi/linux/eventfd.h.
internal static unsafe partial class LibC
{
    internal const short POLLIN = 0x1;
    internal const short POLLOUT = 0x4;

    internal const uint EPOLLIN = 0x1;
    internal const int EPOLL_CLOEXEC = O_CLOEXEC;
    internal const int EPOLL_CTL_ADD = 1;
    internal const int EPOLL_CTL_DEL = 2;

    internal const int EFD_CLOEXEC = O_CLOEXEC;
    internal const int EFD_NONBLOCK = O_NONBLOCK;

    // struct epoll_event { u32 events; u64 data; } is packed on x64 (12 bytes) and only there
    // (EPOLL_PACKED).
    internal static readonly int EpollEventSizeBytes = IsArm64 ? 16 : 12;
    internal static readonly int EpollEventDataOffset = IsArm64 ? 8 : 4;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int poll(pollfd* descriptors, nuint count, int timeoutMs);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int epoll_create1(int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int epoll_ctl(SafeHandle epoll, int operation, SafeHandle fd, byte* epollEvent);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int epoll_wait(SafeHandle epoll, byte* epollEvents, int count, int timeoutMs);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int eventfd(uint initial, int flags);
}
