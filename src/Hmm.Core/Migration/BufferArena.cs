// SPDX-License-Identifier: GPL-2.0-or-later
using System.Numerics;
using System.Runtime.InteropServices;

namespace Hmm.Core.Migration;

/// <summary>
/// The buffers that copies between DRAM and devices go through, in slots of equal size. The small ones lie side by side
/// and are best backed by large pages of the system: a disk is told of a transfer piece by piece of physical memory,
/// and some take no more than a few hundred pieces at once, which were 4 KiB each. Fills and evictions have an arena
/// each, since a fill that waited for a buffer that an eviction holds could wait for itself. Drivers may register the
/// small ones with their device once.
/// </summary>
/// <remarks>
/// Threads: any. At most 64 slots: one bit each in a word, so renting takes no lock.
/// Invariant: popcount(_free) + rented == SlotCount.
/// </remarks>
internal sealed unsafe class BufferArena : IDisposable
{
    /// <summary>What O_DIRECT and UFFDIO_COPY ask of a buffer's address.</summary>
    public const int AlignmentBytes = 4096;

    // What the system's large pages have on the processors that matter: 2 MiB.
    private const int LargePageBytes = 2 << 20;

    private readonly void* _small; // immutable
    private readonly void* _large; // immutable
    private readonly SlotBuffers[] _buffers; // Guarded by: owner of the slot
    private readonly List<nint> _others = []; // Guarded by: itself; buffers beside the arena's own memory
    private readonly Stack<SlotBuffers> _spare = []; // Guarded by: _others
    private ulong _free; // Guarded by: atomic
    private int _disposed; // Guarded by: atomic

    /// <summary>Allocates the arena. DRAM is taken as slots are first used.</summary>
    /// <param name="smallBytes">The size of a small buffer: a multiple of 4096.</param>
    /// <param name="largeBytes">The size of a large buffer: a multiple of 4096, and no less.</param>
    /// <param name="slotCount">1 to 64.</param>
    public BufferArena(int smallBytes, int largeBytes, int slotCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(smallBytes, AlignmentBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(smallBytes % AlignmentBytes, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(largeBytes, smallBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(largeBytes % AlignmentBytes, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(slotCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(slotCount, 64);
        (SmallBytes, LargeBytes, SlotCount) = (smallBytes, largeBytes, slotCount);

        // Safe because the sizes are checked above, and every address handed out lies within them.
        _small = NativeMemory.AlignedAlloc((nuint)smallBytes * (nuint)slotCount, LargePageBytes);
        _large = NativeMemory.AlignedAlloc((nuint)largeBytes * (nuint)slotCount, AlignmentBytes);
        _buffers = new SlotBuffers[slotCount];
        for (var slot = 0; slot < slotCount; slot++)
        {
            _buffers[slot] = new SlotBuffers(
                (nint)_small + ((nint)slot * smallBytes), smallBytes, (nint)_large + ((nint)slot * largeBytes));
        }

        _free = slotCount == 64 ? ulong.MaxValue : (1UL << slotCount) - 1;
    }

    /// <summary>The size of a small buffer in bytes.</summary>
    public int SmallBytes { get; }

    /// <summary>The size of a large buffer in bytes.</summary>
    public int LargeBytes { get; }

    /// <summary>The number of slots.</summary>
    public int SlotCount { get; }

    /// <summary>The first byte of the small buffers, which lie one behind the other.</summary>
    public nint Address => (nint)_small;

    /// <summary>How many slots are free.</summary>
    public int FreeCount => BitOperations.PopCount(Volatile.Read(ref _free));

    /// <summary>The buffers of a slot.</summary>
    public SlotBuffers this[int slot] => _buffers[slot];

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
    /// Gives a rented slot other buffers, since a device has an old one and nobody knows for how long. There are
    /// never more of these than a device may have copies under way, for each device that does not answer.
    /// </summary>
    public void Replace(int slot)
    {
        lock (_others)
        {
            if (!_spare.TryPop(out var buffers))
            {
                // Safe as the arena's own memory is; DRAM is taken where it is used.
                var buffer = (nint)NativeMemory.AlignedAlloc((nuint)LargeBytes, AlignmentBytes);
                _others.Add(buffer);
                buffers = new SlotBuffers(buffer, SmallBytes, buffer);
            }

            _buffers[slot] = buffers;
        }
    }

    /// <summary>Takes buffers back that were replaced.</summary>
    public void TakeBack(in SlotBuffers buffers)
    {
        lock (_others)
        {
            _spare.Push(buffers);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        NativeMemory.AlignedFree(_small);
        NativeMemory.AlignedFree(_large);
        _others.ForEach(static buffer => NativeMemory.AlignedFree((void*)buffer));
    }
}
