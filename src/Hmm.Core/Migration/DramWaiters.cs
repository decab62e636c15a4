// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Virtual;

namespace Hmm.Core.Migration;

/// <summary>
/// Faults that wait for DRAM or for a buffer, oldest first. Their pages are Busy, so duplicates of the fault find an
/// owner and do not queue again: there are about as many waiters as threads that touch absent pages.
/// </summary>
/// <remarks>Threads: any, under a short lock. A waiter holds a reference of its range.</remarks>
internal sealed class DramWaiters
{
    /// <summary>
    /// More than the threads of any program that we know of; when it is full the fault is woken to try again, which
    /// only costs time.
    /// </summary>
    public const int CapacityMax = 4096;

    // Whoever serves the oldest, and whoever exchanges pages with a full device, may have to put one back.
    private const int TakenMax = 2;

    private readonly Lock _gate = new();
    private readonly Waiter[] _waiters = new Waiter[CapacityMax + TakenMax]; // Guarded by: _gate
    private int _head; // Guarded by: _gate
    private int _count; // Guarded by: _gate for writers, atomic for readers

    /// <summary>How many wait.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>The DRAM that the oldest needs, in frames; 0 if none waits.</summary>
    public int OldestFrames
    {
        get
        {
            lock (_gate)
            {
                return _count == 0 ? 0 : _waiters[_head].Range.FramesPerPage;
            }
        }
    }

    /// <summary>Adds one at the end.</summary>
    public bool TryAdd(MemoryRange range, long page, bool write)
    {
        lock (_gate)
        {
            if (_count >= CapacityMax)
            {
                return false;
            }

            _waiters[(_head + _count) % _waiters.Length] = new Waiter(range, page, write);
            Volatile.Write(ref _count, _count + 1);
            return true;
        }
    }

    /// <summary>Takes the oldest.</summary>
    public bool TryTake(out Waiter waiter)
    {
        lock (_gate)
        {
            if (_count == 0)
            {
                waiter = default;
                return false;
            }

            waiter = _waiters[_head];
            _waiters[_head] = default;
            _head = (_head + 1) % _waiters.Length;
            Volatile.Write(ref _count, _count - 1);
            return true;
        }
    }

    /// <summary>Takes one of a given range, whatever its age.</summary>
    public bool TryTakeOf(MemoryRange range, out Waiter waiter)
    {
        lock (_gate)
        {
            for (var i = 0; i < _count; i++)
            {
                if (_waiters[(_head + i) % _waiters.Length].Range == range)
                {
                    waiter = TakeLocked(i);
                    return true;
                }
            }
        }

        waiter = default;
        return false;
    }

    /// <summary>Takes one whose page gives back what its fill takes.</summary>
    public bool TryTakeBacked(out Waiter waiter)
    {
        lock (_gate)
        {
            for (var i = 0; i < _count; i++)
            {
                if (_waiters[(_head + i) % _waiters.Length].IsBacked)
                {
                    waiter = TakeLocked(i);
                    return true;
                }
            }
        }

        waiter = default;
        return false;
    }

    /// <summary>
    /// Puts back, as the oldest, the one that was just taken. Only the thread that serves and the one that reclaims
    /// may.
    /// </summary>
    public void Return(in Waiter waiter)
    {
        lock (_gate)
        {
            Corruption.Require(_count < _waiters.Length, "there is room for the waiters that are being served");
            _head = (_head + _waiters.Length - 1) % _waiters.Length;
            _waiters[_head] = waiter;
            Volatile.Write(ref _count, _count + 1);
        }
    }

    // The oldest takes the place of the one that goes: order among the others changes by one, which nobody relies on.
    private Waiter TakeLocked(int i)
    {
        ref var found = ref _waiters[(_head + i) % _waiters.Length];
        var waiter = found;
        found = _waiters[_head];
        _waiters[_head] = default;
        _head = (_head + 1) % _waiters.Length;
        Volatile.Write(ref _count, _count - 1);
        return waiter;
    }

    /// <summary>One fault that waits.</summary>
    /// <param name="Range">Its range.</param>
    /// <param name="Page">Its page, Busy.</param>
    /// <param name="Write">Whether it was a write.</param>
    internal readonly record struct Waiter(MemoryRange Range, long Page, bool Write)
    {
        /// <summary>
        /// Whether the page gives back what its fill takes: it has a frame that becomes free, or stays equal to its
        /// file.
        /// </summary>
        public bool IsBacked => Range.Table.Read(Page).HasFrame || (!Write && Range.Home is not null);
    }
}
