// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core;
using Hmm.Core.Devices;

namespace Hmm.Modules.Compressed;

/// <summary>
/// Threads that compress, so that an eviction's pages are compressed while the next ones are gathered. One works while
/// it keeps up; each further one helps only where batches pile up, as when a stream writes, since else it would take a
/// processor from the application.
/// </summary>
/// <remarks>
/// Threads: <see cref="Add"/> from any; it never waits.
/// Invariant: 0 &lt;= waiting &lt;= capacity; a batch waits only while a thread works, or has been told.
/// </remarks>
internal sealed class EvictWorkers : IDisposable
{
    // The core has 32 buffers for evictions, and so no more batches.
    private const int Capacity = 64;

    // So many batches wait, for each thread that works, before another helps: 2 MiB of pages, or 3 ms of compression.
    private const int BacklogMax = 4;

    private readonly object _gate = new();
    private readonly CopyBatch?[] _ring = new CopyBatch?[Capacity]; // Guarded by: _gate
    private readonly Action<CopyBatch> _work; // immutable
    private readonly Thread[] _threads; // immutable
    private int _head; // Guarded by: _gate
    private int _count; // Guarded by: _gate
    private int _working; // Guarded by: _gate
    private bool _closing; // Guarded by: _gate

    public EvictWorkers(int threads, Action<CopyBatch> work)
    {
        _work = work;
        _threads = new Thread[threads];
        for (var i = 0; i < threads; i++)
        {
            _threads[i] = new Thread(Work) { IsBackground = true, Name = $"hmm-compress-{i}" };
            _threads[i].Start();
        }
    }

    private bool IsHelpNeeded => _count > _working * BacklogMax;

    /// <summary>Hands over a batch.</summary>
    public void Add(CopyBatch batch)
    {
        lock (_gate)
        {
            Corruption.Require(_count < Capacity, "no more evictions are under way than the core has buffers");
            _ring[(_head + _count++) % Capacity] = batch;
            if (IsHelpNeeded)
            {
                Monitor.Pulse(_gate);
            }
        }
    }

    /// <summary>Ends the threads; no batch is under way.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closing = true;
            Monitor.PulseAll(_gate);
        }

        foreach (var thread in _threads)
        {
            thread.Join();
        }
    }

    private void Work()
    {
        try
        {
            while (Take() is { } batch)
            {
                _work(batch);
                lock (_gate)
                {
                    _working--;
                }
            }
        }
        catch (Exception exception)
        {
            // The batch it had is never completed, and its pages belong to nobody.
            Corruption.Fail($"a thread that compresses failed: {exception}");
        }
    }

    // Waits until this thread is needed; null: it is no more.
    private CopyBatch? Take()
    {
        lock (_gate)
        {
            while (!IsHelpNeeded)
            {
                if (_closing)
                {
                    return null;
                }

                Monitor.Wait(_gate);
            }

            var batch = _ring[_head];
            _ring[_head] = null;
            _head = (_head + 1) % Capacity;
            _count--;
            _working++;
            return batch;
        }
    }
}
