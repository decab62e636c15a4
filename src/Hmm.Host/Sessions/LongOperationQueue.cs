// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core;
using Hmm.Uapi;

namespace Hmm.Host.Sessions;

/// <summary>
/// Runs the long operations of one session: at most <see cref="Limits.RequestsInFlightMax"/>
/// accepted, at most <see cref="Limits.LongOperationsMax"/> running, each on a thread that goes
/// when it finds nothing to do. Not the thread pool: an operation that waits for a device would
/// take a thread of the pool from every other session.
/// </summary>
/// <remarks>
/// Threads: any. Invariants: queued + running &lt;= accepted (a range that waits to close is
/// accepted and not queued yet); threads &lt;= <see cref="Limits.LongOperationsMax"/>.
/// </remarks>
internal sealed class LongOperationQueue(Action<LongOperation> run)
{
    /// <summary>
    /// How long a thread waits for more: a client that works steadily pays for no new thread.
    /// </summary>
    private const int IdleMs = 1000;

    private readonly object _gate = new();
    private readonly Queue<LongOperation> _queue = new(); // Guarded by: _gate
    private int _accepted; // Guarded by: _gate
    private int _threads; // Guarded by: _gate
    private int _idle; // Guarded by: _gate
    private bool _stopped; // Guarded by: _gate

    /// <summary>Takes a place; <see cref="Done"/> gives it back.</summary>
    /// <returns>False when all places are taken.</returns>
    public bool TryAccept()
    {
        lock (_gate)
        {
            if (_accepted >= Limits.RequestsInFlightMax)
            {
                return false;
            }

            _accepted++;
            return true;
        }
    }

    /// <summary>Gives a place back.</summary>
    public void Done()
    {
        lock (_gate)
        {
            Corruption.Require(_accepted > 0, "an accepted operation is done once");
            _accepted--;
        }
    }

    /// <summary>
    /// Runs an accepted operation as soon as a thread is free; drops it after <see cref="Stop"/>.
    /// </summary>
    public void Enqueue(in LongOperation operation)
    {
        lock (_gate)
        {
            if (_stopped)
            {
                return;
            }

            _queue.Enqueue(operation);
            if (_idle >= _queue.Count)
            {
                Monitor.Pulse(_gate);
            }
            else if (_threads < Limits.LongOperationsMax)
            {
                _threads++;
                new Thread(Work) { IsBackground = true, Name = "hmm-long" }.Start();
            }
        }
    }

    /// <summary>Drops what has not begun: nothing begins any more once this returns.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            _queue.Clear();
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits for what had begun before <see cref="Stop"/>.</summary>
    public void Wait()
    {
        lock (_gate)
        {
            while (_threads > 0)
            {
                Monitor.Wait(_gate);
            }
        }
    }

    private void Work()
    {
        while (TryTake(out var operation))
        {
            run(operation);
        }
    }

    /// <summary>
    /// Waits for an operation; on false this thread has left the count and must end.
    /// </summary>
    private bool TryTake(out LongOperation operation)
    {
        lock (_gate)
        {
            var idled = false;
            while (!_queue.TryDequeue(out operation))
            {
                if (_stopped || idled)
                {
                    _threads--;
                    Monitor.PulseAll(_gate);
                    return false;
                }

                _idle++;
                idled = !Monitor.Wait(_gate, IdleMs);
                _idle--;
            }

            return true;
        }
    }
}
