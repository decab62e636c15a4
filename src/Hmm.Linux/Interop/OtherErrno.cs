// SPDX-License-Identifier: MIT
using Hmm.Uapi;

namespace Hmm.Linux.Interop;

// Error numbers that system calls return but the boundary has no name for.
// Source: include/uapi/asm-generic/errno-base.h and errno.h.
internal static class OtherErrno
{
    internal const Errno E2BIG = (Errno)7;
    internal const Errno ENOEXEC = (Errno)8;
    internal const Errno ECHILD = (Errno)10;
    internal const Errno ENOTDIR = (Errno)20;
    internal const Errno ENFILE = (Errno)23;
    internal const Errno ELOOP = (Errno)40;
    internal const Errno EPROTOTYPE = (Errno)91;
    internal const Errno ECONNABORTED = (Errno)103;
    internal const Errno EDQUOT = (Errno)122;
}
