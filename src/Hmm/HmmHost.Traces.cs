// SPDX-License-Identifier: MIT
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm;

/// <content>Recording what happens to pages.</content>
public sealed partial class HmmHost
{
    /// <summary>
    /// Environment variable: <see cref="Start"/> records a trace into the file that it names, as long as the host
    /// lives. A <c>%p</c> in it becomes the number of this process.
    /// </summary>
    public const string TraceVariable = "HMM_TRACE";

    /// <summary>Environment variable: what that trace shall see, <c>faults</c> or <c>full</c>.</summary>
    public const string TraceModeVariable = "HMM_TRACE_MODE";

    /// <summary>
    /// Records what happens to the pages of every application of the host, one trace at a time. Nobody waits for the
    /// file: when its disk is slower than the faults, records are dropped and counted.
    /// </summary>
    /// <param name="path">The file; what it held before is gone.</param>
    /// <param name="mode">What to see. <see cref="TraceMode.Full"/> makes applications much slower meanwhile.</param>
    /// <returns>The recording, which ends when it is stopped or disposed, and with this host.</returns>
    /// <exception cref="HmmException">
    /// EPERM: not root, and not the host's user. EBUSY: the host records a trace already. ENOENT, EACCES, EISDIR,
    /// EINVAL: the file cannot be made, or is no regular one. ECONNRESET: the host has gone.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The host is disposed.</exception>
    public HmmTrace StartTrace(string path, TraceMode mode = TraceMode.Faults)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Enum.IsDefined(mode))
        {
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "A trace sees Faults, or is Full.");
        }

        // The host must not be talked into writing where only it may: the file is opened here, by its own user.
        using var file = CreateTraceFile(path);
        Connection.Call(
            Operation.StartTrace,
            new StartTraceRequest { Mode = mode },
            [(int)file.DangerousGetHandle()]);
        return new HmmTrace(this);
    }

    private void StartTraceOfEnvironment()
    {
        if (Environment.GetEnvironmentVariable(TraceVariable) is { Length: > 0 } path)
        {
            var mode = Environment.GetEnvironmentVariable(TraceModeVariable);
            var isFull = string.Equals(mode, nameof(TraceMode.Full), StringComparison.OrdinalIgnoreCase);
            path = path.Replace("%p", $"{Environment.ProcessId}", StringComparison.Ordinal);
            _ = StartTrace(path, isFull ? TraceMode.Full : TraceMode.Faults);
        }
    }

    private static Microsoft.Win32.SafeHandles.SafeFileHandle CreateTraceFile(string path)
    {
        if (Directory.Exists(path))
        {
            throw new HmmException(Errno.EISDIR, $"'{path}' is a folder; name a file to record into.");
        }

        try
        {
            return File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            var errno = exception switch
            {
                DirectoryNotFoundException => Errno.ENOENT,
                UnauthorizedAccessException => Errno.EACCES,
                _ => exception.HResult is > 0 and < 4096 ? (Errno)exception.HResult : Errno.EIO,
            };
            throw new HmmException(errno, $"'{path}' cannot be made to record into: {exception.Message}", exception);
        }
    }
}
