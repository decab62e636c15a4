// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Linux.Interop;

// Processes. Constants: glibc and musl <spawn.h> (the same),
// include/uapi/asm-generic/{unistd,resource,signal}.h. posix_spawn's calls return the error number;
// they do not set errno.
internal static unsafe partial class LibC
{
    internal const short POSIX_SPAWN_SETPGROUP = 0x02;
    internal const short POSIX_SPAWN_SETSIGDEF = 0x04;
    internal const short POSIX_SPAWN_SETSIGMASK = 0x08;

    internal const int SIGKILL = 9;
    internal const int SIGPIPE = 13;
    internal const int WNOHANG = 1;
    internal const int RLIMIT_NOFILE = 7;
    internal const int RLIMIT_MEMLOCK = 8;
    internal const int RUSAGE_THREAD = 1;

    // Opaque to us: glibc has 80 and 336 bytes, musl 80 and 336, sigset_t 128 in both. Twice the
    // size is room to grow.
    internal const int SpawnFileActionsSizeBytes = 160;
    internal const int SpawnAttributesSizeBytes = 672;
    internal const int SignalSetSizeBytes = 128;

    // System calls newer than 5.1 have one number on every architecture.
    internal const long SYS_pidfd_send_signal = 424; // Linux 5.1
    internal const long SYS_pidfd_open = 434; // Linux 5.3

    // musl's wrapper only fails. include/uapi/linux/sched.h; arch/x86/entry/syscalls/syscall_64.tbl and
    // include/uapi/asm-generic/unistd.h.
    internal static readonly long SYS_sched_setscheduler = IsArm64 ? 119 : 144;
    internal const int SCHED_IDLE = 5;

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn(
        int* pid, string path, byte* fileActions, byte* attributes, byte** arguments, byte** environment);

    [LibraryImport(Library)]
    internal static partial int posix_spawn_file_actions_init(byte* fileActions);

    [LibraryImport(Library)]
    internal static partial int posix_spawn_file_actions_destroy(byte* fileActions);

    [LibraryImport(Library)]
    internal static partial int posix_spawn_file_actions_adddup2(byte* fileActions, int fd, int target);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn_file_actions_addopen(
        byte* fileActions, int fd, string path, int flags, uint mode);

    // glibc 2.34; not in musl.
    [LibraryImport(Library)]
    internal static partial int posix_spawn_file_actions_addclosefrom_np(byte* fileActions, int first);

    [LibraryImport(Library)]
    internal static partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport(Library)]
    internal static partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport(Library)]
    internal static partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport(Library)]
    internal static partial int posix_spawnattr_setpgroup(byte* attributes, int group);

    [LibraryImport(Library)]
    internal static partial int posix_spawnattr_setsigmask(byte* attributes, byte* signals);

    [LibraryImport(Library)]
    internal static partial int posix_spawnattr_setsigdefault(byte* attributes, byte* signals);

    [LibraryImport(Library)]
    internal static partial int sigemptyset(byte* signals);

    [LibraryImport(Library)]
    internal static partial int sigaddset(byte* signals, int signal);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int waitpid(int pid, int* status, int options);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial long syscall(long number, long argument, long argument2);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial long syscall(long number, SafeHandle fd, long argument2, long argument3, long argument4);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial long sched_setscheduler(long number, int threadId, int policy, int* priority);

    [LibraryImport(Library)]
    internal static partial uint geteuid();

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int swapon(string path, int flags);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int swapoff(string path);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int getrlimit(int resource, rlimit* limit);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int getrusage(int who, rusage* usage);
}
