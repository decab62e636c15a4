// SPDX-License-Identifier: MIT
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// A child process that holds one end of a socket as descriptor 3; nothing else of this process
/// leaks into it. Standard input is empty; output, error and environment are inherited; its process
/// group is its own, so that Ctrl-C in a terminal reaches the application alone.
/// </summary>
/// <remarks>
/// Thread-safety: every member may be called from several threads at once. The child is waited for
/// by its own number only. The runtime's SIGCHLD handler reaps only what
/// <see cref="System.Diagnostics.Process"/> started, so the two do not meet; but where SIGCHLD is
/// ignored the kernel itself discards exit codes, and <see cref="ExitCodeUnknown"/> stands in.
/// </remarks>
public sealed unsafe partial class ChildProcess : IDisposable
{
    /// <summary>
    /// The descriptor that the child finds its socket at: 3, the first after standard error.
    /// </summary>
    public const int GivenDescriptor = 3;

    /// <summary>Stands for an exit code that somebody else took: -1.</summary>
    public const int ExitCodeUnknown = -1;

    private readonly Descriptor _pidfd; // Guarded by: immutable
    private readonly Lock _gate = new();
    private int? _exitCode; // Guarded by: _gate

    private ChildProcess(int processId, Descriptor pidfd)
    {
        ProcessId = processId;
        _pidfd = pidfd;
    }

    /// <summary>Its process number.</summary>
    public int ProcessId { get; }

    /// <summary>Waits for its end.</summary>
    /// <param name="limit">How long; zero looks only. Up to 24 days.</param>
    /// <param name="exitCode">
    /// What it returned; 128 + the signal's number when a signal ended it;
    /// <see cref="ExitCodeUnknown"/>.
    /// </param>
    /// <returns>False when it still runs.</returns>
    public bool TryWait(TimeSpan limit, out int exitCode)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit.TotalMilliseconds, int.MaxValue);
        lock (_gate)
        {
            if (_exitCode is { } known)
            {
                exitCode = known;
                return true;
            }
        }

        exitCode = 0;
        return Poll.WaitReadable(_pidfd, (int)Math.Ceiling(limit.TotalMilliseconds)) && TryReap(out exitCode);
    }

    /// <summary>Ends it at once (SIGKILL); does nothing when it has ended.</summary>
    public void Kill()
    {
        // By pidfd: the process number may be another's by now. Safe because the siginfo pointer
        // may be null.
        var result = LibC.syscall(LibC.SYS_pidfd_send_signal, _pidfd, LibC.SIGKILL, 0, 0);
        var error = LinuxError.Last();
        if (result < 0 && error != Errno.ESRCH)
        {
            LinuxError.Throw(error, "pidfd_send_signal", $"{ProcessId}, SIGKILL");
        }
    }

    /// <summary>Ends it if it still runs, and reaps it.</summary>
    public void Dispose()
    {
        if (_pidfd.IsClosed)
        {
            return;
        }

        if (!TryWait(TimeSpan.Zero, out _))
        {
            Kill();

            // A killed process ends as soon as it leaves the kernel; one that a device holds there
            // for longer becomes a zombie that init reaps after this process.
            TryWait(TimeSpan.FromSeconds(10), out _);
        }

        _pidfd.Dispose();
    }

    private bool TryReap(out int exitCode)
    {
        lock (_gate)
        {
            if (_exitCode is null)
            {
                int status;

                // Safe because the status is a local that outlives the call.
                var pid = LibC.waitpid(ProcessId, &status, LibC.WNOHANG);
                var error = LinuxError.Last();
                if (pid == ProcessId)
                {
                    // <sys/wait.h>: the low 7 bits are the signal, the second byte is the exit
                    // code.
                    var signal = status & 0x7f;
                    _exitCode = signal == 0 ? (status >> 8) & 0xff : 128 + signal;
                }
                else if (pid < 0 && error == OtherErrno.ECHILD)
                {
                    _exitCode = ExitCodeUnknown;
                }
            }

            exitCode = _exitCode ?? 0;
            return _exitCode is not null;
        }
    }
}
