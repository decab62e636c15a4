// SPDX-License-Identifier: MIT
using System.Globalization;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Connection;

/// <summary>
/// A private host: a child process at the other end of a socketpair. It ends when that socket
/// closes, so also when the application dies; this object only waits for it, and makes sure.
/// </summary>
internal sealed class HostProcess : IDisposable
{
    /// <summary>The descriptor that the child finds its end of the socketpair at.</summary>
    private const int SessionDescriptor = 3;

    /// <summary>
    /// How long an ending host may take: 30 s. Ranges were closed, and so written back, before;
    /// what remains are those that are still pinned.
    /// </summary>
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(30);

    private readonly ChildProcess _process; // Guarded by: immutable

    private HostProcess(ChildProcess process) => _process = process;

    /// <summary>Starts a host.</summary>
    /// <param name="options">The application's wishes.</param>
    /// <param name="budgetBytes">The checked budget.</param>
    /// <param name="socket">This process's end of the connection; the caller owns it.</param>
    public static HostProcess Start(HmmHostOptions options, long budgetBytes, out UnixSocket socket)
    {
        var (program, arguments) = HostLocator.Find(options.HostPath);
        List<string> line = [.. arguments, .. Arguments(options, budgetBytes)];
        (socket, var give) = UnixSocket.CreatePair();
        try
        {
            // The child has its own copy; with ours open, its death would not close the connection.
            using (give)
            {
                return new HostProcess(ChildProcess.Spawn(program, line, give));
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The options as the host's command line.</summary>
    public static IEnumerable<string> Arguments(HmmHostOptions options, long budgetBytes)
    {
        yield return "--session-descriptor";
        yield return SessionDescriptor.ToString(CultureInfo.InvariantCulture);
        yield return "--budget";
        yield return budgetBytes.ToString(CultureInfo.InvariantCulture);
        if (options.DeviceFolder is { } folder)
        {
            yield return "--device-folder";
            yield return folder;
        }

        if (options.DeviceSizeBytes is { } size)
        {
            yield return "--device-size";
            yield return size.ToString(CultureInfo.InvariantCulture);
        }

        if (options.DeviceDeadline is { } deadline)
        {
            yield return "--device-deadline";
            yield return ((long)deadline.TotalMilliseconds).ToString(CultureInfo.InvariantCulture) + "ms";
        }

        if (options.SpinTime is { } spin)
        {
            yield return "--spin";
            yield return ((long)spin.TotalMicroseconds).ToString(CultureInfo.InvariantCulture) + "us";
        }

        if (options.IdlePoll)
        {
            yield return "--idle-poll";
        }

        foreach (var device in options.Devices)
        {
            yield return "--device";
            yield return device;
        }
    }

    /// <summary>Says how the host ended, if it did, for the error that its end caused.</summary>
    public HmmException Explain(HmmException error)
    {
        // It closed the socket, or is closing it while it ends: a moment decides which.
        if (error.Errno != Errno.ECONNRESET || !_process.TryWait(TimeSpan.FromSeconds(1), out var exitCode))
        {
            return error;
        }

        return new HmmException(
            Errno.ECONNRESET,
            $"The Hmm host ended with exit code {exitCode} before it answered; what it wrote to standard error says "
            + "why, and `hmm doctor` checks the system.",
            error);
    }

    /// <summary>
    /// Waits for the host, whose connection was closed before; ends it if it does not end.
    /// </summary>
    public void Dispose()
    {
        if (!_process.TryWait(EndLimit, out _))
        {
            _process.Kill();
            _ = _process.TryWait(EndLimit, out _);
        }

        _process.Dispose();
    }
}
