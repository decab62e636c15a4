// SPDX-License-Identifier: GPL-2.0-or-later
using System.Numerics;
using Hmm.Uapi;

namespace Hmm.Core.Physical;

/// <summary>
/// One bit per frame, and 64-ary summaries that make every search short:
/// <code>
///   full[2]   1 bit = one word of full[1] is all ones
///   full[1]   1 bit = one word of used is all ones       2^28 frames: 5 levels, 33 MiB of address
///   used      1 bit = one frame is handed out            space, untouched until it is needed
///   touched   1 bit = one word of used is not zero
/// </code>
/// A free bit costs one climb and one descent; a run one step per 64 frames more; an aligned group
/// of 64 and up looks at <c>touched</c> only.
/// </summary>
/// <remarks>
/// Thread-safety: none; <see cref="FrameAllocator"/> locks. Bits past the last one are ones for
/// ever, so they are never found.
/// Invariant: full and touched follow from used.
/// </remarks>
internal sealed unsafe class FrameBitmap : IDisposable
{
    /// <summary>The largest aligned group: 2^9 bits.</summary>
    public const int OrderMax = 9;

    private const int WordShift = 6;
    private const int WordBits = 1 << WordShift;

    // 2^40 frame numbers and at most 511 bits before the first are 41 bits: 7 levels of 6.
    private const int LevelsMax = 7;

    // How far TryFindEmptyWord looks: 64 words of touched are 2^18 frames (1 GiB), and take less
    // than 100 ns.
    private const int LookAheadWords = 64;

    private readonly long _bits; // immutable
    private readonly int _levels; // immutable
    private readonly ZeroedMemory _memory; // immutable
    private readonly long[] _words = new long[LevelsMax]; // immutable
    private readonly long _touchedWords; // immutable
    private readonly ulong*[] _full = new ulong*[LevelsMax]; // _full[0] is _used. Guarded by: owner
    private readonly ulong* _used; // Guarded by: owner
    private readonly ulong* _touched; // Guarded by: owner

    /// <exception cref="HmmException">ENOMEM: no address space for the bitmap.</exception>
    public FrameBitmap(long bits)
    {
        _bits = bits;
        var total = 0L;
        for (var left = bits; _levels == 0 || left > 1; left = _words[_levels - 1])
        {
            _words[_levels] = WordsFor(left);
            total += _words[_levels++];
        }

        _touchedWords = WordsFor(_words[0]);
        _memory = new ZeroedMemory((ulong)(total + _touchedWords), sizeof(ulong));
        var next = (ulong*)_memory.Address;
        for (var level = 0; level < _levels; level++)
        {
            _full[level] = next;
            next += _words[level];
        }

        _used = _full[0];
        _touched = next;
        PadTails();
    }

    /// <summary>The first free bit at or after <paramref name="from"/>, or -1.</summary>
    public long FindFree(long from)
    {
        var index = from;
        for (var level = 0; level < _levels; level++)
        {
            var word = index >> WordShift;
            if (word >= _words[level])
            {
                return -1;
            }

            var free = ~_full[level][word] & (ulong.MaxValue << (int)(index & (WordBits - 1)));
            if (free != 0)
            {
                index = (word << WordShift) + BitOperations.TrailingZeroCount(free);
                while (level-- > 0)
                {
                    index = (index << WordShift) + BitOperations.TrailingZeroCount(~_full[level][index]);
                }

                return index;
            }

            index = word + 1;
        }

        return -1;
    }

    /// <summary>How many bits from a free one on are free, up to <paramref name="max"/>.</summary>
    public long FreeLength(long bit, long max)
    {
        var length = 0L;
        while (length < max && bit + length < _bits)
        {
            var at = bit + length;
            var offset = (int)(at & (WordBits - 1));
            var ones = _used[at >> WordShift] >> offset;
            if (ones != 0)
            {
                length += BitOperations.TrailingZeroCount(ones);
                break;
            }

            length += WordBits - offset;
        }

        return Math.Min(length, max);
    }

    /// <summary>
    /// The first bit of a word without a used bit, at or a little after that of
    /// <paramref name="from"/>.
    /// </summary>
    public bool TryFindEmptyWord(long from, out long bit)
    {
        var start = (from >> WordShift) >> WordShift;
        var end = Math.Min(_touchedWords, start + LookAheadWords);
        var mask = ulong.MaxValue << (int)((from >> WordShift) & (WordBits - 1));
        for (var i = start; i < end; i++)
        {
            var empty = ~_touched[i] & mask;
            if (empty != 0)
            {
                bit = ((i << WordShift) + BitOperations.TrailingZeroCount(empty)) << WordShift;
                return true;
            }

            mask = ulong.MaxValue;
        }

        bit = 0;
        return false;
    }

    /// <summary>
    /// The first aligned group of free bits in a word at or after that of <paramref name="from"/>,
    /// or -1. Worst case: groups of 2 to 32 in a map with a free bit in every word and a group in
    /// none cost a look at every word; from 64 up, a 64th of that.
    /// </summary>
    public long FindGroup(int order, long from)
    {
        if (order < WordShift)
        {
            for (var bit = FindFree(from & -WordBits); bit >= 0; bit = FindFree((bit | (WordBits - 1)) + 1))
            {
                var starts = GroupStarts(_used[bit >> WordShift], order);
                if (starts != 0)
                {
                    return (bit & -WordBits) + BitOperations.TrailingZeroCount(starts);
                }
            }

            return -1;
        }

        for (var i = (from >> WordShift) >> WordShift; i < _touchedWords; i++)
        {
            var starts = GroupStarts(_touched[i], order - WordShift);
            if (starts != 0)
            {
                return ((i << WordShift) + BitOperations.TrailingZeroCount(starts)) << WordShift;
            }
        }

        return -1;
    }

    /// <summary>The first used bit at or after <paramref name="from"/>, or -1.</summary>
    public long NextUsed(long from)
    {
        if (from >= _bits)
        {
            return -1;
        }

        var word = from >> WordShift;
        var ones = _used[word] & (ulong.MaxValue << (int)(from & (WordBits - 1)));
        while (ones == 0)
        {
            word = NextTouchedWord(word + 1);
            if (word < 0)
            {
                return -1;
            }

            ones = _used[word];
        }

        var bit = (word << WordShift) + BitOperations.TrailingZeroCount(ones);

        // Past the end there is only padding.
        return bit < _bits ? bit : -1;
    }

    /// <summary>Whether every bit of a run is used.</summary>
    public bool AllUsed(long bit, long count)
    {
        for (var (at, left) = (bit, count); left > 0;)
        {
            var mask = MaskAt(at, left, out var length);
            if ((_used[at >> WordShift] & mask) != mask)
            {
                return false;
            }

            at += length;
            left -= length;
        }

        return true;
    }

    /// <summary>Uses a run of free bits.</summary>
    public void MarkUsed(long bit, long count)
    {
        for (var (at, left) = (bit, count); left > 0;)
        {
            var mask = MaskAt(at, left, out var length);
            var word = at >> WordShift;
            Corruption.Require((_used[word] & mask) == 0, "a frame that is handed out was free");
            _used[word] |= mask;
            _touched[word >> WordShift] |= 1UL << (int)(word & (WordBits - 1));
            for (var (level, index) = (0, word); _full[level][index] == ulong.MaxValue && level + 1 < _levels;)
            {
                level++;
                _full[level][index >> WordShift] |= 1UL << (int)(index & (WordBits - 1));
                index >>= WordShift;
            }

            at += length;
            left -= length;
        }
    }

    /// <summary>Frees a run of used bits.</summary>
    public void MarkFree(long bit, long count)
    {
        for (var (at, left) = (bit, count); left > 0;)
        {
            var mask = MaskAt(at, left, out var length);
            var word = at >> WordShift;
            var wasFull = _used[word] == ulong.MaxValue;
            _used[word] &= ~mask;
            if (_used[word] == 0)
            {
                _touched[word >> WordShift] &= ~(1UL << (int)(word & (WordBits - 1)));
            }

            for (var (level, index) = (1, word); wasFull && level < _levels; level++)
            {
                var above = _full[level] + (index >> WordShift);
                wasFull = *above == ulong.MaxValue;
                *above &= ~(1UL << (int)(index & (WordBits - 1)));
                index >>= WordShift;
            }

            at += length;
            left -= length;
        }
    }

    /// <summary>Gives the memory back. Nothing may be called afterwards.</summary>
    public void Dispose() => _memory.Dispose();

    private static long WordsFor(long bits) => (bits + WordBits - 1) >> WordShift;

    /// <summary>
    /// The bits that start an aligned group of 2^order zero bits in a word; order 0 to 5.
    /// </summary>
    private static ulong GroupStarts(ulong word, int order)
    {
        var free = ~word;
        for (var step = 1; step < 1 << order; step <<= 1)
        {
            free &= free >> step;
        }

        // Every (2^order)th bit: 0xFFFF... / 0b1111 is 0x1111... for order 2.
        return free & (ulong.MaxValue / ((1UL << (1 << order)) - 1));
    }

    /// <summary>The bits from <paramref name="at"/> on that lie in its word.</summary>
    private static ulong MaskAt(long at, long left, out long length)
    {
        var offset = (int)(at & (WordBits - 1));
        length = Math.Min(left, WordBits - offset);
        return (ulong.MaxValue >> (int)(WordBits - length)) << offset;
    }

    /// <summary>The first word with a used bit at or after one, or -1.</summary>
    private long NextTouchedWord(long from)
    {
        var mask = ulong.MaxValue << (int)(from & (WordBits - 1));
        for (var i = from >> WordShift; i < _touchedWords; i++)
        {
            var touched = _touched[i] & mask;
            if (touched != 0)
            {
                var word = (i << WordShift) + BitOperations.TrailingZeroCount(touched);

                // The tail of touched is padding for words that do not exist.
                return word < _words[0] ? word : -1;
            }

            mask = ulong.MaxValue;
        }

        return -1;
    }

    /// <summary>
    /// Sets what lies past the end of each level: one word each, so a fresh bitmap stays untouched
    /// memory.
    /// </summary>
    private void PadTails()
    {
        var bits = _bits;
        for (var level = 0; level < _levels; level++)
        {
            PadTail(_full[level], _words[level], bits);
            bits = _words[level];
        }

        PadTail(_touched, _touchedWords, _words[0]);
        if ((_bits & (WordBits - 1)) != 0)
        {
            var last = _words[0] - 1;
            _touched[last >> WordShift] |= 1UL << (int)(last & (WordBits - 1));
        }

        static void PadTail(ulong* level, long words, long bits)
        {
            var offset = (int)(bits & (WordBits - 1));
            if (offset != 0)
            {
                level[words - 1] |= ulong.MaxValue << offset;
            }
        }
    }
}
