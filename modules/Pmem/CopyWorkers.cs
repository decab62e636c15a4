// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core;
using Hmm.Core.Devices;
using Hmm.Uapi;

namespace Hmm.Modules.Pmem;

/// <summary>
/// Threads that copy segments, reads before writes: somebody waits for a page that is read, and a checkpoint may have
/// thousands of writes in the queue. The core has 32 buffers in each direction, so writes do not wait for long.
/// </summary>
/// <remarks>
/// Threads: <see cref="Add"/> from any; it never waits. Invariant: 0 &lt;= waiting &lt;= capacity, for each direction.
/// </remarks>
internal sealed class CopyWorkers : IDisposable
{
    // 32 batches of 64 segments.
    private const int Capacity = 32 * CopyBatch.SegmentsMax;

    // A worker's frames are small; the default of 8 MiB would only cost address space.
    private const int StackBytes = 256 << 10;

    private readonly object _gate = new();
    private readonly Ring _reads = new(); // Guarded by: _gate
    private readonly Ring _writes = new(); // Guarded by: _gate
    private readonly Thread[] _threads; // immutable
    private bool _closing; // Guarded by: _gate

    public CopyWorkers(int threads)
    {
        _threads = new Thread[threads];
        for (var i = 0; i < threads; i++)
        {
            _threads[i] = new Thread(Work, StackBytes) { IsBackground = true, Name = $"hmm-pmem-{i}" };
            _threads[i].Start();
        }
    }

    /// <summary>Queues every segment of a batch.</summary>
    public void Add(CopyBatch batch, ICopyTarget target, bool write)
    {
        // Read first: the last completion may recycle the batch while this loop still runs.
        var count = batch.Count;
        for (var i = 0; i < count; i++)
        {
            bool queued;
            lock (_gate)
            {
                queued = (write ? _writes : _reads).TryAdd(new Item(batch, i, target, write));
                Monitor.Pulse(_gate);
            }

            if (!queued)
            {
                batch.Complete(i, Errno.ENOMEM);
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
            while (TryTake(out var item))
            {
                var error = item.Target.Copy(in item.Batch[item.Segment], item.Write);
                item.Batch.Complete(item.Segment, error);
            }
        }
        catch (Exception exception)
        {
            // The segment it had is never completed, and its pages belong to nobody.
            Corruption.Fail($"a thread that copies pages of persistent memory failed: {exception}");
        }
    }

    private bool TryTake(out Item item)
    {
        lock (_gate)
        {
            while (!_reads.TryTake(out item) && !_writes.TryTake(out item))
            {
                if (_closing)
                {
                    return false;
                }

                Monitor.Wait(_gate);
            }

            return true;
        }
    }

    private readonly record struct Item(CopyBatch Batch, int Segment, ICopyTarget Target, bool Write);

    private sealed class Ring
    {
        private readonly Item[] _items = new Item[Capacity];
        private int _head;
        private int _count;

        public bool TryAdd(in Item item)
        {
            if (_count == Capacity)
            {
                return false;
            }

            _items[(_head + _count++) % Capacity] = item;
            return true;
        }

        public bool TryTake(out Item item)
        {
            item = _items[_head];
            if (_count == 0)
            {
                return false;
            }

            _items[_head] = default; // or the ring would keep the target alive
            _head = (_head + 1) % Capacity;
            _count--;
            return true;
        }
    }
}
