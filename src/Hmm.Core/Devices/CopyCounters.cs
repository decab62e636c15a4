// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Devices;

/// <summary>What went through a driver's copy hooks, in frames of 4 KiB.</summary>
/// <remarks>Threads: any. Each count is atomic; together they are not one moment's picture.</remarks>
internal sealed class CopyCounters
{
    private long _inFlight; // Guarded by: atomic
    private long _framesRead; // Guarded by: atomic
    private long _framesWritten; // Guarded by: atomic
    private long _errors; // Guarded by: atomic

    /// <summary>Batches handed over and not complete.</summary>
    public long InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Frames that the driver returned.</summary>
    public long FramesRead => Volatile.Read(ref _framesRead);

    /// <summary>Frames that the driver took.</summary>
    public long FramesWritten => Volatile.Read(ref _framesWritten);

    /// <summary>Segments that failed.</summary>
    public long Errors => Volatile.Read(ref _errors);

    internal void Begin() => Interlocked.Increment(ref _inFlight);

    internal void End(bool write, long framesDone, int segmentsFailed)
    {
        Interlocked.Decrement(ref _inFlight);
        Interlocked.Add(ref write ? ref _framesWritten : ref _framesRead, framesDone);
        if (segmentsFailed > 0)
        {
            Interlocked.Add(ref _errors, segmentsFailed);
        }
    }
}
