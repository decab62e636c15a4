// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;

namespace Hmm.Core.Migration;

/// <summary>
/// The copies of one kind that can be under way at once: each slot has a buffer and the operation that works in it,
/// reused until its device misses a deadline. Then the device keeps both, and the slot goes on with others.
/// </summary>
/// <remarks>Threads: any. Allocates only where a deadline was missed.</remarks>
internal sealed class CopySlots<T> : IDisposable
    where T : CopyBatch
{
    // The largest page, which is copied by itself.
    private const int LargeBytes = CopyBatch.FramesMax << Pfn.Shift;

    private readonly Func<int, SlotBuffers, T> _create; // immutable
    private readonly BufferArena _arena; // immutable
    private readonly T[] _operations; // Guarded by: atomic

    /// <summary>Makes an operation and a buffer for each slot.</summary>
    /// <param name="smallBytes">How much a copy of small pages needs: a multiple of 4096.</param>
    /// <param name="slotCount">1 to 64.</param>
    /// <param name="create">Makes the operation of a slot, over its buffers.</param>
    public CopySlots(int smallBytes, int slotCount, Func<int, SlotBuffers, T> create)
    {
        _create = create;
        _arena = new BufferArena(smallBytes, LargeBytes, slotCount);
        _operations = new T[slotCount];
        for (var slot = 0; slot < slotCount; slot++)
        {
            _operations[slot] = create(slot, _arena[slot]);
        }
    }

    /// <summary>The buffers for small pages.</summary>
    public CopyBuffers Buffers => new(_arena.Address, _arena.SmallBytes, _arena.SlotCount);

    /// <summary>How many slots are free.</summary>
    public int FreeCount => _arena.FreeCount;

    /// <summary>Takes a slot's operation, if a slot is free.</summary>
    public T? TryRent() => _arena.TryRent(out var slot) ? _operations[slot] : null;

    /// <summary>Gives a slot back.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="expired">Whether a device still has its buffer.</param>
    public void Return(int slot, bool expired = false)
    {
        if (expired)
        {
            _arena.Replace(slot);
            Volatile.Write(ref _operations[slot], _create(slot, _arena[slot]));
        }

        _arena.Return(slot);
    }

    /// <summary>A device has completed a copy that was given up, and its buffers can be used again.</summary>
    public void TakeBack(in SlotBuffers buffers) => _arena.TakeBack(in buffers);

    /// <summary>Ends copies that were handed over at a tick or before; returns how many.</summary>
    public int Expire(long tick)
    {
        var expired = 0;
        for (var slot = 0; slot < _operations.Length; slot++)
        {
            expired += Volatile.Read(ref _operations[slot]).TryExpire(tick) ? 1 : 0;
        }

        return expired;
    }

    /// <inheritdoc/>
    public void Dispose() => _arena.Dispose();
}
