// SPDX-License-Identifier: GPL-2.0-or-later
using System.Numerics;
using Hmm.Core;

namespace Hmm.Host.Tracing;

/// <summary>
/// Records on their way from the threads that make them to the one that writes them: a bounded queue (Vyukov's), in
/// memory that is there from the start. When it is full a record is dropped and counted; nobody ever waits.
/// </summary>
/// <remarks>
/// A slot's turn says whose it is: equal to the position, it is free for the producer of that position; one more, it is
/// full for the consumer; a whole round more, it is free again. Written last by its owner, with release order: were it
/// first, the other side could read half a record.
/// Threads: <see cref="TryAdd"/> any, <see cref="Take"/> one. Allocates nothing after construction.
/// </remarks>
internal sealed class TraceRing
{
    private readonly TraceRecord[] _records; // Guarded by: the turn of the slot
    private readonly long[] _turns; // Guarded by: atomic
    private readonly int _mask; // immutable
    private long _tail; // Guarded by: atomic
    private long _head; // Guarded by: the consumer
    private long _dropped; // Guarded by: atomic

    /// <summary>Makes an empty ring.</summary>
    /// <param name="capacity">How many records fit, a power of two.</param>
    public TraceRing(int capacity)
    {
        Corruption.Require(BitOperations.IsPow2(capacity), "a ring has a power of two slots");
        _records = new TraceRecord[capacity];
        _turns = new long[capacity];
        _mask = capacity - 1;
        for (var i = 0; i < capacity; i++)
        {
            _turns[i] = i;
        }
    }

    /// <summary>How many records were dropped since the start.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>How many records were added and not taken; at the end of the consumer.</summary>
    public long Waiting => Volatile.Read(ref _tail) - _head;

    /// <summary>Adds a record; false: it was dropped.</summary>
    /// <param name="record">The record.</param>
    /// <param name="position">How many records were added before it.</param>
    public bool TryAdd(in TraceRecord record, out long position)
    {
        position = Volatile.Read(ref _tail);
        while (true)
        {
            var turn = Volatile.Read(ref _turns[position & _mask]);
            if (turn < position)
            {
                Interlocked.Increment(ref _dropped);
                return false;
            }

            if (turn > position)
            {
                position = Volatile.Read(ref _tail); // Another thread took this place.
                continue;
            }

            var seen = Interlocked.CompareExchange(ref _tail, position + 1, position);
            if (seen == position)
            {
                _records[position & _mask] = record;
                Volatile.Write(ref _turns[position & _mask], position + 1);
                return true;
            }

            position = seen;
        }
    }

    /// <summary>Takes the oldest records, in the order in which they were added.</summary>
    /// <returns>How many; fewer than asked for if no more are complete.</returns>
    public int Take(Span<TraceRecord> records)
    {
        var count = 0;
        while (count < records.Length && Volatile.Read(ref _turns[_head & _mask]) == _head + 1)
        {
            records[count++] = _records[_head & _mask];
            Volatile.Write(ref _turns[_head & _mask], _head + _records.Length);
            _head++;
        }

        return count;
    }
}
