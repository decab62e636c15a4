// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Linux.Interop;

// Unix sockets. Constants: include/linux/socket.h, include/linux/net.h,
// include/uapi/asm-generic/socket.h.
internal static unsafe partial class LibC
{
    internal const int AF_UNIX = 1;
    internal const int SOCK_SEQPACKET = 5;
    internal const int SOCK_CLOEXEC = O_CLOEXEC;
    internal const int SOCK_NONBLOCK = O_NONBLOCK;
    internal const int SOL_SOCKET = 1;
    internal const int SO_PEERCRED = 17;
    internal const int SCM_RIGHTS = 1;
    internal const int SHUT_RDWR = 2;

    internal const int MSG_CTRUNC = 0x8;
    internal const int MSG_TRUNC = 0x20;
    internal const int MSG_NOSIGNAL = 0x4000;
    internal const int MSG_CMSG_CLOEXEC = 0x40000000;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int socketpair(int domain, int type, int protocol, int* pair);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int bind(SafeHandle fd, sockaddr_un* address, uint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int listen(SafeHandle fd, int backlog);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int connect(SafeHandle fd, sockaddr_un* address, uint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int accept4(SafeHandle fd, void* address, uint* length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint sendmsg(SafeHandle fd, msghdr* message, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint recvmsg(SafeHandle fd, msghdr* message, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int getsockopt(SafeHandle fd, int level, int name, void* value, uint* length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int shutdown(SafeHandle fd, int how);
}
