// SPDX-License-Identifier: GPL-2.0-or-later
using System.Numerics;
using System.Runtime.InteropServices;

namespace Hmm.Core.Migration;

/// <summary>
/// The buffers that copies between DRAM and devices go through: one native allocation, cut into slots of equal size.
/// Fills and evictions have an arena each, since a fill that waited for a buffer that an eviction holds could wait for
/// itself. Drivers may register the whole span with their device once.
/// </summary>
/// <remarks>
/// Threads: any. At most 64 slots: one bit each in a word, so renting takes no lock.
/// Invariant: popcount(_free) + rented == SlotCount.
/// </remarks>
internal sealed unsafe class BufferArena : IDisposable
{
    /// <summary>What O_DIRECT and UFFDIO_COPY ask of a buffer's address.</summary>
    public const int AlignmentBytes = 4096;

    private readonly void* _memory; // immutable
    private readonly nint[] _addresses; // Guarded by: owner of the slot
    private readonly List<nint> _others = []; // Guarded by: itself; buffers beside the arena's own memory
    private readonly Stack<nint> _spare = []; // Guarded by: _others
    private ulong _free; // Guarded by: atomic
    private int _disposed; // Guarded by: atomic

    /// <summary>Allocates the arena. DRAM is taken as slots are first used.</summary>
    /// <param name="slotBytes">The size of a slot: a multiple of 4096.</param>
    /// <param name="slotCount">1 to 64.</param>
    public BufferArena(int slotBytes, int slotCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slotBytes, AlignmentBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(slotBytes % AlignmentBytes, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(slotCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(slotCount, 64);
        SlotBytes = slotBytes;
        SlotCount = slotCount;

        // Safe because the size is checked above, and every address handed out lies within it.
        _memory = NativeMemory.AlignedAlloc((nuint)slotBytes * (nuint)slotCount, AlignmentBytes);
        _addresses = new nint[slotCount];
        for (var slot = 0; slot < slotCount; slot++)
        {
            _addresses[slot] = (nint)_memory + ((nint)slot * slotBytes);
        }

        _free = slotCount == 64 ? ulong.MaxValue : (1UL << slotCount) - 1;
    }

    /// <summary>The size of a slot in bytes.</summary>
    public int SlotBytes { get; }

    /// <summary>The number of slots.</summary>
    public int SlotCount { get; }

    /// <summary>The first byte of the arena.</summary>
    public nint Address => (nint)_memory;

    /// <summary>How many slots are free.</summary>
    public int FreeCount => BitOperations.PopCount(Volatile.Read(ref _free));

    /// <summary>The address of a slot.</summary>
    public nint this[int slot] => _addresses[slot];

    /// <summary>Takes a slot, if one is free.</summary>
    public bool TryRent(out int slot)
    {
        var free = Volatile.Read(ref _free);
        while (free != 0)
        {
            slot = BitOperations.TrailingZeroCount(free);
            var seen = Interlocked.CompareExchange(ref _free, free & ~(1UL << slot), free);
            if (seen == free)
            {
                return true;
            }

            free = seen;
        }

        slot = -1;
        return false;
    }

    /// <summary>Gives a slot back.</summary>
    public void Return(int slot)
    {
        var before = Interlocked.Or(ref _free, 1UL << slot);
        Corruption.Require((before & (1UL << slot)) == 0, "a buffer is returned once");
    }

    /// <summary>
    /// Gives a rented slot another buffer, since a device has the old one and nobody knows for how long. There are
    /// never more of these than a device may have copies under way, for each device that does not answer.
    /// </summary>
    public void Replace(int slot)
    {
        lock (_others)
        {
            if (!_spare.TryPop(out var buffer))
            {
                // Safe as the arena's own memory is; DRAM is taken where it is used.
                buffer = (nint)NativeMemory.AlignedAlloc((nuint)SlotBytes, AlignmentBytes);
                _others.Add(buffer);
            }

            _addresses[slot] = buffer;
        }
    }

    /// <summary>Takes a buffer back that was replaced.</summary>
    public void TakeBack(nint buffer)
    {
        lock (_others)
        {
            _spare.Push(buffer);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        NativeMemory.AlignedFree(_memory);
        _others.ForEach(static buffer => NativeMemory.AlignedFree((void*)buffer));
    }
}
