// SPDX-License-Identifier: MIT
using System.Collections;
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <content>
/// Spawning. posix_spawn and not fork: between fork and exec only async-signal-safe code may run,
/// which managed code is not. Every descriptor of this process is close-on-exec; the one that is
/// given is duplicated by a file action, in the child, which is the only place where its copy loses
/// that flag. So no other child that some thread starts at the same moment can inherit it.
/// </content>
public sealed unsafe partial class ChildProcess
{
    /// <summary>Starts a program.</summary>
    /// <param name="path">The program's file.</param>
    /// <param name="arguments">Its arguments, without its own name.</param>
    /// <param name="give">
    /// What the child gets as <see cref="GivenDescriptor"/>; this process keeps its own copy.
    /// </param>
    /// <exception cref="HmmException">
    /// ENOENT: no such file. EACCES: it may not be run. The message has the fix.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    public static ChildProcess Spawn(string path, IReadOnlyList<string> arguments, UnixSocket give)
    {
        Platform.Require();
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(give);
        using var given = Duplicate(give);
        using var argv = new NativeStrings([path, .. arguments]);
        using var environment = new NativeStrings(EnvironmentStrings());
        var error = SpawnCore(path, given, argv, environment, out var processId);
        if (error != Errno.None)
        {
            LinuxError.Throw(error, "posix_spawn", $"\"{path}\"", SpawnCause(error));
        }

        // The number stays the child's until it is waited for, which only this object does.
        var pidfd = LibC.syscall(LibC.SYS_pidfd_open, processId, 0);
        error = LinuxError.Last();
        if (pidfd < 0)
        {
            LinuxError.Throw(
                error,
                "pidfd_open",
                $"{processId}",
                "use Linux 5.3 or newer and allow the call in the seccomp profile; "
                        + "the child sees its socket close and should end by itself");
        }

        return new ChildProcess(processId, new Descriptor((int)pidfd));
    }

    private static Errno SpawnCore(
        string path, Descriptor given, NativeStrings argv, NativeStrings environment, out int processId)
    {
        // Safe because the opaque buffers are larger than either C library's structures, are zeroed
        // by stackalloc, and live until the end of this method, like the strings.
        var actions = stackalloc byte[LibC.SpawnFileActionsSizeBytes];
        var attributes = stackalloc byte[LibC.SpawnAttributesSizeBytes];
        var signals = stackalloc byte[LibC.SignalSetSizeBytes];
        processId = 0;
        Check(LibC.posix_spawn_file_actions_init(actions));
        Check(LibC.posix_spawnattr_init(attributes));
        try
        {
            Check(LibC.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", LibC.O_RDONLY, 0));
            Check(LibC.posix_spawn_file_actions_adddup2(actions, (int)given.DangerousGetHandle(), GivenDescriptor));
            CloseTheRest(actions);

            // The runtime ignores SIGPIPE and may block signals on this thread; the child starts as
            // from a shell.
            const short Flags = LibC.POSIX_SPAWN_SETPGROUP | LibC.POSIX_SPAWN_SETSIGDEF | LibC.POSIX_SPAWN_SETSIGMASK;
            Check(LibC.posix_spawnattr_setflags(attributes, Flags));
            Check(LibC.posix_spawnattr_setpgroup(attributes, 0));
            _ = LibC.sigemptyset(signals);
            Check(LibC.posix_spawnattr_setsigmask(attributes, signals));
            _ = LibC.sigaddset(signals, LibC.SIGPIPE);
            Check(LibC.posix_spawnattr_setsigdefault(attributes, signals));

            int pid;
            var error = (Errno)LibC.posix_spawn(&pid, path, actions, attributes, argv.Pointer, environment.Pointer);
            processId = pid;
            return error == Errno.EAGAIN ? Errno.ENOMEM : error; // EAGAIN here is a limit on processes, not a wait
        }
        finally
        {
            _ = LibC.posix_spawnattr_destroy(attributes);
            _ = LibC.posix_spawn_file_actions_destroy(actions);
        }
    }

    // What this process itself inherited without close-on-exec, or a native library opened so: a
    // pipe among them would keep its reader waiting for as long as the child lives. Where the C
    // library cannot, such descriptors stay open.
    private static void CloseTheRest(byte* actions)
    {
        try
        {
            Check(LibC.posix_spawn_file_actions_addclosefrom_np(actions, GivenDescriptor + 1));
        }
        catch (EntryPointNotFoundException)
        {
            // musl, or glibc before 2.34
        }
    }

    // Above 3, so that the child's dup2 is never onto itself (which would keep close-on-exec on
    // older C libraries), and never on the standard streams, which the child's other actions
    // replace.
    private static Descriptor Duplicate(UnixSocket give)
    {
        var descriptor = LibC.fcntl(give, LibC.F_DUPFD_CLOEXEC, GivenDescriptor + 1);
        var error = LinuxError.Last();
        if (descriptor < 0)
        {
            LinuxError.Throw(error, "fcntl", "F_DUPFD_CLOEXEC");
        }

        return new Descriptor(descriptor);
    }

    private static List<string> EnvironmentStrings()
    {
        // Through the runtime, because Environment.SetEnvironmentVariable does not change the C
        // library's own copy.
        var strings = new List<string>();
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            strings.Add($"{entry.Key}={entry.Value}");
        }

        return strings;
    }

    private static void Check(int error)
    {
        if (error != 0)
        {
            LinuxError.Throw((Errno)error, "posix_spawn", "preparing");
        }
    }

    private static string? SpawnCause(Errno error) => error switch
    {
        Errno.ENOENT => "the program, or the interpreter it names, does not exist; install it or correct the path",
        Errno.EACCES or Errno.EPERM => "this user may not run it; set its execute permission (chmod +x)",
        OtherErrno.ENOEXEC => "the file is not a program for this machine; install the one for its architecture",
        OtherErrno.E2BIG => "arguments and environment are too long; pass fewer",
        Errno.ENOMEM => "no more processes fit; raise ulimit -u or the cgroup's pids.max, or free memory",
        _ => null,
    };

    // A null-terminated array of UTF-8 strings in native memory, as exec takes them.
    private sealed class NativeStrings : IDisposable
    {
        private readonly int _count; // Guarded by: immutable

        internal NativeStrings(IReadOnlyList<string> strings)
        {
            _count = strings.Count;

            // Safe because the array has one entry more than there are strings and is zeroed, so
            // that it ends with null.
            Pointer = (byte**)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(byte*));
            for (var i = 0; i < _count; i++)
            {
                if (strings[i].Contains('\0', StringComparison.Ordinal))
                {
                    Dispose();
                    throw new ArgumentException("An argument must not contain a NUL character.");
                }

                Pointer[i] = (byte*)Marshal.StringToCoTaskMemUTF8(strings[i]);
            }
        }

        internal byte** Pointer { get; private set; } // Guarded by: owner thread

        public void Dispose()
        {
            if (Pointer is null)
            {
                return;
            }

            for (var i = 0; i < _count; i++)
            {
                Marshal.FreeCoTaskMem((nint)Pointer[i]);
            }

            NativeMemory.Free(Pointer);
            Pointer = null;
        }
    }
}
