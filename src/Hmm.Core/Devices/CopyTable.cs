// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Uapi;

namespace Hmm.Core.Devices;

/// <summary>
/// Gives each segment that a driver has under way a small number, for devices and queues that hand back only an
/// integer. Add before submitting, take when it is done.
/// </summary>
/// <remarks>Thread-safety: all members may be called from any thread. Allocates nothing after construction.</remarks>
[ExportSymbolGpl]
public sealed class CopyTable
{
    private readonly Lock _gate = new();
    private readonly CopyBatch?[] _batches; // Guarded by: _gate
    private readonly int[] _segments; // Guarded by: _gate
    private readonly int[] _free; // Guarded by: _gate
    private int _freeCount; // Guarded by: _gate

    /// <summary>Creates a table.</summary>
    /// <param name="capacity">The most segments under way; at least 1.</param>
    public CopyTable(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _batches = new CopyBatch?[capacity];
        _segments = new int[capacity];
        _free = new int[capacity];
        for (var i = 0; i < capacity; i++)
        {
            _free[i] = capacity - 1 - i;
        }

        _freeCount = capacity;
    }

    /// <summary>How many segments are under way.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _batches.Length - _freeCount;
            }
        }
    }

    /// <summary>
    /// Gives a segment a number; false when the table is full: complete the segment with ENOMEM
    /// then.
    /// </summary>
    public bool TryAdd(CopyBatch batch, int segment, out int number)
    {
        ArgumentNullException.ThrowIfNull(batch);
        lock (_gate)
        {
            if (_freeCount == 0)
            {
                number = -1;
                return false;
            }

            number = _free[--_freeCount];
            _batches[number] = batch;
            _segments[number] = segment;
            return true;
        }
    }

    /// <summary>Looks up a segment that is under way.</summary>
    public CopySegment Peek(int number)
    {
        lock (_gate)
        {
            return Held(number)[_segments[number]];
        }
    }

    /// <summary>Takes a segment's number back and completes it.</summary>
    public void Complete(int number, Errno error)
    {
        CopyBatch batch;
        int segment;
        lock (_gate)
        {
            batch = Held(number);
            segment = _segments[number];
            _batches[number] = null;
            _free[_freeCount++] = number;
        }

        // Outside the lock: the last completion installs pages, and may submit again.
        batch.Complete(segment, error);
    }

    private CopyBatch Held(int number)
    {
        var batch = (uint)number < (uint)_batches.Length ? _batches[number] : null;
        Corruption.Require(batch is not null, "a driver completes segments that are under way");
        return batch;
    }
}
