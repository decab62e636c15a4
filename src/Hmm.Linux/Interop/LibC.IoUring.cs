// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Linux.Interop;

// io_uring by system call: the C library has no wrappers. Constants: include/uapi/linux/io_uring.h of Linux 6.18; the
// numbers of the three calls are the same on every architecture (include/uapi/asm-generic/unistd.h).
internal static unsafe partial class LibC
{
    internal const long SYS_io_uring_setup = 425;
    internal const long SYS_io_uring_enter = 426;
    internal const long SYS_io_uring_register = 427;

    internal const uint IORING_SETUP_SQPOLL = 1 << 1; // without privileges since Linux 5.11
    internal const uint IORING_SETUP_SQ_AFF = 1 << 2;
    internal const uint IORING_SETUP_SUBMIT_ALL = 1 << 7; // Linux 5.18
    internal const uint IORING_SETUP_COOP_TASKRUN = 1 << 8; // Linux 5.19
    internal const uint IORING_SETUP_TASKRUN_FLAG = 1 << 9; // Linux 5.19
    internal const uint IORING_SETUP_SINGLE_ISSUER = 1 << 12; // Linux 6.0
    internal const uint IORING_SETUP_DEFER_TASKRUN = 1 << 13; // Linux 6.1

    internal const uint IORING_SQ_TASKRUN = 1 << 2; // in the submission queue's flags

    internal const uint IORING_FEAT_SINGLE_MMAP = 1 << 0; // Linux 5.4
    internal const uint IORING_FEAT_NODROP = 1 << 1; // Linux 5.5
    internal const uint IORING_FEAT_CQE_SKIP = 1 << 11; // Linux 5.17

    internal const uint IORING_ENTER_GETEVENTS = 1 << 0;
    internal const uint IORING_ENTER_SQ_WAKEUP = 1 << 1;

    internal const uint IORING_REGISTER_BUFFERS = 0;
    internal const uint IORING_REGISTER_PROBE = 8;

    internal const byte IOSQE_CQE_SKIP_SUCCESS = 1 << 6;

    internal const byte IORING_OP_NOP = 0;
    internal const byte IORING_OP_READ_FIXED = 4;
    internal const byte IORING_OP_WRITE_FIXED = 5;
    internal const byte IORING_OP_POLL_ADD = 6;
    internal const byte IORING_OP_ASYNC_CANCEL = 14;
    internal const byte IORING_OP_READ = 22;
    internal const byte IORING_OP_WRITE = 23;
    internal const byte IORING_OP_EPOLL_WAIT = 59; // Linux 6.15
    internal const ushort IO_URING_OP_SUPPORTED = 1 << 0;

    internal const long IORING_OFF_SQ_RING = 0;
    internal const long IORING_OFF_SQES = 0x10000000;

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial long io_uring_setup(long number, uint entries, io_uring_params* parameters);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial long io_uring_enter(
        long number, SafeHandle fd, uint toSubmit, uint minComplete, uint flags, nint sigset, nuint sigsetSize);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial long io_uring_register(
        long number, SafeHandle fd, uint opcode, void* argument, uint argumentCount);
}
