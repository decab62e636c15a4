// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Devices;

/// <summary>What went through a driver's copy hooks, in frames of 4 KiB.</summary>
/// <remarks>Threads: any. Each count is atomic; together they are not one moment's picture.</remarks>
internal sealed class CopyCounters
{
    // At most 32 MiB of address space for each device that is silent.
    private const int OverdueReadsMax = 16;

    private long _inFlight; // Guarded by: atomic
    private long _framesRead; // Guarded by: atomic
    private long _framesWritten; // Guarded by: atomic
    private long _errors; // Guarded by: atomic
    private long _overdue; // Guarded by: atomic
    private long _overdueReads; // Guarded by: atomic

    /// <summary>Batches handed over and not complete.</summary>
    public long InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Frames that the driver returned.</summary>
    public long FramesRead => Volatile.Read(ref _framesRead);

    /// <summary>Frames that the driver took.</summary>
    public long FramesWritten => Volatile.Read(ref _framesWritten);

    /// <summary>Segments that failed.</summary>
    public long Errors => Volatile.Read(ref _errors);

    /// <summary>Batches that did not complete by their deadline and still have not.</summary>
    public long Overdue => Volatile.Read(ref _overdue);

    /// <summary>
    /// Whether the driver owes a batch past its deadline: it gets nothing to write until it has completed all of those.
    /// So a write that is late is never overtaken by a newer one of the same frame. It may still be asked for what it
    /// holds, since one disk's command may be lost and the next succeed.
    /// </summary>
    public bool IsOverdue => Overdue > 0;

    /// <summary>
    /// Whether so many reads are overdue that there is no hope for others: those who touch what it holds need not wait
    /// for a deadline of their own, and no more buffers are left to it.
    /// </summary>
    public bool IsSilent => Volatile.Read(ref _overdueReads) >= OverdueReadsMax;

    internal void Begin() => Interlocked.Increment(ref _inFlight);

    /// <summary>The core goes on with a batch.</summary>
    /// <param name="write">Whether it went to the device.</param>
    /// <param name="framesDone">Frames that were copied.</param>
    /// <param name="segmentsFailed">Segments that were not.</param>
    /// <param name="expired">Whether the driver still has it.</param>
    internal void End(bool write, long framesDone, int segmentsFailed, bool expired)
    {
        if (expired)
        {
            Interlocked.Increment(ref _overdue);
            Interlocked.Add(ref _overdueReads, write ? 0 : 1);
        }

        Interlocked.Add(ref write ? ref _framesWritten : ref _framesRead, framesDone);
        if (segmentsFailed > 0)
        {
            Interlocked.Add(ref _errors, segmentsFailed);
        }
    }

    /// <summary>The driver has completed a batch.</summary>
    /// <param name="write">Whether it went to the device.</param>
    /// <param name="late">Whether the core has gone on without it.</param>
    internal void Leave(bool write, bool late)
    {
        Interlocked.Decrement(ref _inFlight);
        if (late)
        {
            Interlocked.Add(ref _overdueReads, write ? 0 : -1);
            Interlocked.Decrement(ref _overdue);
        }
    }
}
