// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Pmem;

/// <summary>A set of the frames of a file, one bit each.</summary>
public sealed class FrameSet
{
    private readonly ulong[] _bits; // Guarded by: owner

    /// <summary>An empty set.</summary>
    public FrameSet(ulong frameCount)
    {
        _bits = new ulong[(frameCount + 63) / 64];
    }

    /// <summary>Whether a frame is in it.</summary>
    public bool Contains(ulong frame) =>
        frame / 64 < (ulong)_bits.Length && ((_bits[frame / 64] >> (int)(frame % 64)) & 1) != 0;

    /// <summary>Adds a frame; false: it was there.</summary>
    public bool Add(ulong frame)
    {
        ref var word = ref _bits[frame / 64];
        var bit = 1UL << (int)(frame % 64);
        var isNew = (word & bit) == 0;
        word |= bit;
        return isNew;
    }

    /// <summary>Takes a frame out.</summary>
    public void Remove(ulong frame) => _bits[frame / 64] &= ~(1UL << (int)(frame % 64));
}
