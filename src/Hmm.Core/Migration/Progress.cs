// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Migration;

/// <summary>
/// How a thread waits for pages that others work on: read the epoch, look at the pages, and if one is still owned, wait
/// until the epoch has moved on. Only control operations wait so; the fault path never does.
/// </summary>
/// <remarks>Threads: any. A signal costs one load while nobody waits.</remarks>
internal class Progress
{
    private readonly object _gate = new();
    private long _epoch; // Guarded by: atomic
    private int _waiters; // Guarded by: atomic

    /// <summary>Changes whenever an operation on pages ends.</summary>
    public long Epoch => Volatile.Read(ref _epoch);

    /// <summary>An operation on pages ended.</summary>
    public void Signal()
    {
        // Full fence: were the epoch raised after the waiters are counted, a waiter could count itself in between, see
        // the old epoch and sleep through this signal.
        Interlocked.Increment(ref _epoch);
        if (Volatile.Read(ref _waiters) != 0)
        {
            lock (_gate)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Waits until the epoch differs from <paramref name="seen"/>.</summary>
    public virtual void Wait(long seen)
    {
        Interlocked.Increment(ref _waiters);
        lock (_gate)
        {
            while (Epoch == seen)
            {
                Monitor.Wait(_gate);
            }
        }

        Interlocked.Decrement(ref _waiters);
    }
}
