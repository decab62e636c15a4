// SPDX-License-Identifier: GPL-2.0-or-later
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hmm.Core;

namespace Hmm.Modules.Compressed;

/// <summary>
/// What the store knows of one span, beside the others at the start of the store's memory: 128 bytes, 0.2 % of it. All
/// zero is an empty span.
/// </summary>
/// <remarks>Guarded by the store's gate.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct SpanRecord
{
    /// <summary>The size on every machine: two cache lines.</summary>
    public const int SizeBytes = 128;

    /// <summary>No span, in a list.</summary>
    public const int None = -1;

    /// <summary>The class that it is cut for, plus 1; 0 if it is empty.</summary>
    public short ClassPlusOne;

    /// <summary>The list that it is in.</summary>
    public short List;

    /// <summary>How many slots are taken.</summary>
    public int Used;

    /// <summary>The next of its list, or <see cref="None"/>.</summary>
    public int Next;

    /// <summary>The one before it in its list, or <see cref="None"/>.</summary>
    public int Previous;

    private SlotMap _taken;

    /// <summary>Takes the first free slot of the first <paramref name="slots"/>, of which one is free.</summary>
    public int TakeFirst(int slots)
    {
        var word = 0;
        while (_taken[word] == ulong.MaxValue)
        {
            word++;
        }

        var slot = (word << 6) + BitOperations.TrailingZeroCount(~_taken[word]);
        Corruption.Require(slot < slots, "a span that is not full has a free slot");
        Take(slot, slots);
        return slot;
    }

    /// <summary>Takes one slot of the first <paramref name="slots"/>, which is free.</summary>
    public void Take(int slot, int slots)
    {
        Corruption.Require(slot < slots && !IsTaken(slot), "a slot of the store is taken once");
        _taken[slot >> 6] |= 1UL << (slot & 63);
        Used++;
    }

    /// <summary>Gives a slot back.</summary>
    public void Release(int slot)
    {
        Corruption.Require(IsTaken(slot), "a slot of the store is released once");
        _taken[slot >> 6] &= ~(1UL << (slot & 63));
        Used--;
    }

    /// <summary>Whether a slot is taken.</summary>
    public readonly bool IsTaken(int slot) => (_taken[slot >> 6] & (1UL << (slot & 63))) != 0;

    /// <summary>The first taken slot from <paramref name="from"/> on, or <see cref="None"/>.</summary>
    public readonly int NextTaken(int from)
    {
        for (var slot = from; slot < SlotMap.Words << 6; slot = (slot | 63) + 1)
        {
            var rest = _taken[slot >> 6] >> (slot & 63);
            if (rest != 0)
            {
                return slot + BitOperations.TrailingZeroCount(rest);
            }
        }

        return None;
    }

    [InlineArray(Words)]
    private struct SlotMap
    {
        /// <summary>896 slots; the smallest class has 819.</summary>
        public const int Words = 14;

        private ulong _word;
    }
}
