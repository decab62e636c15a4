// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Host.Tracing;
using Hmm.Linux;
using Hmm.Uapi;
using Microsoft.Win32.SafeHandles;

namespace Hmm.Host.Engine;

/// <content>Traces: one of the whole host at a time, which ends with the session that began it.</content>
internal sealed partial class SessionOperations
{
    private TraceRecorder? _trace; // Guarded by: the session's thread

    /// <inheritdoc/>
    public void StartTrace(TraceMode mode, int file) =>
        _trace = _engine.StartTrace(mode, Open(new SafeFileHandle(file, ownsHandle: true)), s_version);

    /// <inheritdoc/>
    public void MarkTrace() => OwnTrace.Mark();

    /// <inheritdoc/>
    public TraceCounts StopTrace(ulong accesses)
    {
        var trace = OwnTrace;
        _trace = null;
        return _engine.StopTrace(trace, accesses);
    }

    private TraceRecorder OwnTrace => _trace ?? throw new HmmException(
        Errno.ENOENT, "The session records no trace; begin one with StartTrace.");

    private void EndTrace()
    {
        try
        {
            if (_trace is not null)
            {
                StopTrace(accesses: 0);
            }
        }
        catch (HmmException exception)
        {
            HostLog.Write($"session {Id} (process {Peer.ProcessId}): {exception.Message}");
        }
    }

    /// <summary>A regular file only: a pipe that nobody reads would keep the writing thread for ever.</summary>
    private static FileStream Open(SafeFileHandle file)
    {
        if (!SystemInfo.IsRegularFile(file))
        {
            file.Dispose();
            throw new HmmException(
                Errno.EINVAL, "A trace is written to a regular file; open one for writing and send it.");
        }

        return new FileStream(file, FileAccess.Write, bufferSize: 0);
    }
}
