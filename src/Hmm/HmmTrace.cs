// SPDX-License-Identifier: MIT
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm;

/// <summary>
/// A recording of what happens to the pages of a host, made by <see cref="HmmHost.StartTrace"/>; <c>hmm replay</c>
/// tells from it how much DRAM a program needs. It ends with <see cref="Stop"/>, with this object, and with its host.
/// </summary>
/// <remarks>Thread-safety: every member may be called from any thread.</remarks>
public sealed class HmmTrace : IDisposable
{
    private readonly HmmHost _host; // immutable
    private int _stopped; // Guarded by: atomic

    internal HmmTrace(HmmHost host)
    {
        _host = host;
    }

    /// <summary>Puts a mark: a replay counts from the last one on, and takes what was before as warming up.</summary>
    /// <exception cref="HmmException">ENOENT: it was stopped. ECONNRESET: the host has gone.</exception>
    public void Mark() => _host.Connection.Call(Operation.MarkTrace, default(MarkTraceRequest));

    /// <summary>Ends the recording; the file is complete when this returns.</summary>
    /// <param name="accesses">
    /// How many accesses to pages the program made since the last mark, hits included, if it counted them. A host sees
    /// misses only; with this number a replay says hit ratios of all accesses. 0: unknown.
    /// </param>
    /// <exception cref="HmmException">
    /// ENOENT: it was stopped. ENOSPC, EIO: a write failed, and the file is good up to there. ECONNRESET: the host has
    /// gone.
    /// </exception>
    public HmmTraceCounts Stop(long accesses = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(accesses);
        Volatile.Write(ref _stopped, 1);
        var request = new StopTraceRequest { Accesses = (ulong)accesses };
        var reply = _host.Connection.Call<StopTraceRequest, StopTraceReply>(Operation.StopTrace, in request);
        return new HmmTraceCounts((long)reply.Records, (long)reply.Dropped, (long)reply.FileBytes);
    }

    /// <summary>Ends the recording if it was not stopped. Never throws.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0)
        {
            return;
        }

        try
        {
            Stop();
        }
        catch (Exception exception) when (exception is HmmException or ObjectDisposedException)
        {
            // The host has gone, and the recording with it.
        }
    }
}
