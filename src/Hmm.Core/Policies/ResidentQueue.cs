// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Policies;

/// <summary>
/// The order in which resident pages leave DRAM: first in, first out. A page's token is its range and number in one
/// word (<see cref="PageToken"/>); the page's queued bit says that a token exists, so that a page has at most one. A
/// token whose page left by another way is stale; whoever takes it finds that out in the page table.
/// </summary>
/// <remarks>Threads: any, under a short lock. Invariant: count &lt;= capacity, a power of two.</remarks>
internal sealed class ResidentQueue
{
    private const int CapacityMin = 1024;

    private readonly Lock _gate = new();
    private ulong[] _tokens = new ulong[CapacityMin]; // Guarded by: _gate
    private long _head; // Guarded by: _gate
    private long _tail; // Guarded by: _gate

    /// <summary>How many tokens wait.</summary>
    public long Count
    {
        get
        {
            lock (_gate)
            {
                return _tail - _head;
            }
        }
    }

    /// <summary>Appends the tokens of neighbouring pages.</summary>
    public void Push(PageToken first, int count)
    {
        lock (_gate)
        {
            EnsureRoomLocked(count);
            var mask = _tokens.Length - 1;
            for (var i = 0; i < count; i++)
            {
                _tokens[(int)(_tail++ & mask)] = first.Raw + (ulong)i;
            }
        }
    }

    /// <summary>Takes the oldest tokens.</summary>
    /// <returns>How many were taken.</returns>
    public int Pop(Span<ulong> tokens)
    {
        lock (_gate)
        {
            var count = (int)Math.Min(tokens.Length, _tail - _head);
            var mask = _tokens.Length - 1;
            for (var i = 0; i < count; i++)
            {
                tokens[i] = _tokens[(int)(_head++ & mask)];
            }

            return count;
        }
    }

    /// <summary>
    /// Takes out every token of a closed range: nothing else would while DRAM is not short, and the queue would grow
    /// with every range that comes and goes. One pass over the queue under its lock, about a millisecond per million
    /// tokens.
    /// </summary>
    public void Forget(uint rangeId)
    {
        lock (_gate)
        {
            var mask = _tokens.Length - 1;
            var kept = _head;
            for (var at = _head; at < _tail; at++)
            {
                var token = _tokens[(int)(at & mask)];
                if (new PageToken(token).RangeId != rangeId)
                {
                    _tokens[(int)(kept++ & mask)] = token;
                }
            }

            _tail = kept;
        }
    }

    private void EnsureRoomLocked(int count)
    {
        var needed = _tail - _head + count;
        if (needed <= _tokens.Length)
        {
            return;
        }

        // Doubling is rare: the queue settles at the number of pages that fit the budget, plus stale tokens.
        var larger = new ulong[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)needed)];
        var length = (int)(_tail - _head);
        for (var i = 0; i < length; i++)
        {
            larger[i] = _tokens[(int)((_head + i) & (_tokens.Length - 1))];
        }

        (_tokens, _head, _tail) = (larger, 0, length);
    }
}
