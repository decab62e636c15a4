// SPDX-License-Identifier: GPL-2.0-or-later
using System.Numerics;
using Hmm.Uapi;

namespace Hmm.Core.Physical;

/// <summary>
/// Which frames of one span are handed out: a bitmap with 64-ary summaries, and a cursor that moves on (next fit), so
/// that neighbours in time become neighbours on the device.
/// <code>
///   full[2]   1 bit = 64 words of full[1] are all ones        2^28 frames: 5 levels, 33 MiB of address space,
///   full[1]   1 bit = one word of used is all ones            none of it touched before it is needed
///   used      1 bit = one frame
///   touched   1 bit = one word of used is not zero
/// </code>
/// A single costs one climb and one descent; a run adds one step per 64 frames; an order of 6 and up looks for zero bits
/// of <c>touched</c> only.
/// </summary>
/// <remarks>
/// Thread-safety: every member takes one lock, held without allocation or call-out.
/// Bits before the first frame (<c>_phase</c>) and after the last one are ones for ever: they are never handed out, and
/// they make bit positions congruent to frame numbers, so that an aligned group of bits is an aligned run of frames.
/// Invariants: Used == ones of used - padding; full and touched follow from used.
/// </remarks>
internal sealed unsafe class FrameAllocator : IDisposable
{
    /// <summary>The highest order: 9, so 512 frames (2 MiB), the largest page.</summary>
    public const int OrderMax = 9;

    private const int WordShift = 6;
    private const int WordBits = 1 << WordShift;

    // 40-bit frame numbers and at most 511 bits of padding need 7 summaries of 64: 6 * 7 = 42 >= 41 bits.
    private const int LevelsMax = 7;

    // How far a run looks for an empty word before it takes what is at hand: 64 words of touched are 2^18 frames, 1 GiB,
    // and less than 100 ns.
    private const int LookAheadWords = 64;

    private readonly Lock _gate = new();
    private readonly long _phase; // immutable
    private readonly long _bits; // immutable: phase + frames
    private readonly int _levels; // immutable
    private readonly ulong*[] _full = new ulong*[LevelsMax]; // _full[0] is used. Guarded by: _gate
    private readonly long[] _words = new long[LevelsMax]; // immutable
    private readonly ulong* _touched; // Guarded by: _gate
    private readonly ZeroedMemory _memory; // immutable
    private long _cursor; // Guarded by: _gate
    private long _used; // Guarded by: _gate
    private bool _suspended; // Guarded by: _gate
    private long _allocations; // Guarded by: _gate
    private long _frees; // Guarded by: _gate

    /// <param name="frames">How many frames, at least 1.</param>
    /// <param name="phase">The first frame's number modulo 512.</param>
    /// <exception cref="HmmException">ENOMEM: no address space for the bitmap.</exception>
    public FrameAllocator(long frames, int phase)
    {
        Corruption.Require(frames > 0 && phase is >= 0 and < 1 << OrderMax, "a span has frames and a phase below 512");
        Frames = frames;
        _phase = phase;
        _bits = phase + frames;
        var total = 0L;
        for (var bits = _bits; ; bits = _words[_levels - 1])
        {
            _words[_levels] = WordsFor(bits);
            total += _words[_levels++];
            if (_words[_levels - 1] == 1)
            {
                break;
            }
        }

        var touchedWords = WordsFor(_words[0]);
        _memory = new ZeroedMemory((ulong)(total + touchedWords), sizeof(ulong));
        var next = (ulong*)_memory.Address;
        for (var level = 0; level < _levels; level++)
        {
            _full[level] = next;
            next += _words[level];
        }

        _touched = next;
        PadTails();
        MarkUsed(0, phase);
        _cursor = phase;
    }

    /// <summary>How many frames there are.</summary>
    public long Frames { get; }

    /// <summary>How many are handed out.</summary>
    public long Used => ReadLocked(ref _used);

    /// <summary>How many were ever handed out.</summary>
    public long Allocations => ReadLocked(ref _allocations);

    /// <summary>How many ever came back.</summary>
    public long Frees => ReadLocked(ref _frees);

    /// <summary>Stops or resumes handing out. After a stop returns, no allocation that began before it is still to come.</summary>
    public void SetSuspended(bool suspended)
    {
        lock (_gate)
        {
            _suspended = suspended;
        }
    }

    /// <summary>Hands out 1 to <paramref name="countMax"/> neighbouring frames.</summary>
    public bool TryAllocateRun(int countMax, out long first, out int count)
    {
        Corruption.Require(countMax > 0, "a run has at least one frame");
        first = 0;
        count = 0;
        lock (_gate)
        {
            if (_suspended || _used == Frames)
            {
                return false;
            }

            var bit = FindFree(_cursor);
            if (bit < 0)
            {
                bit = FindFree(0);
            }

            Corruption.Require(bit >= 0, "a span that is not full has a free frame");
            var length = FreeLength(bit, countMax);
            if (length < Math.Min(countMax, WordBits) && TryFindEmptyWord(bit, out var emptyBit))
            {
                bit = emptyBit;
                length = FreeLength(bit, countMax);
            }

            Take(bit, length);
            first = bit - _phase;
            count = (int)length;
            return true;
        }
    }

    /// <summary>Hands out 2^<paramref name="order"/> neighbouring frames, aligned to their number.</summary>
    public bool TryAllocateOrder(int order, out long first)
    {
        Corruption.Require(order is >= 0 and <= OrderMax, "an order is at most 9");
        first = 0;
        lock (_gate)
        {
            if (_suspended || Frames - _used < 1L << order)
            {
                return false;
            }

            var bit = FindGroup(order, _cursor);
            if (bit < 0)
            {
                bit = FindGroup(order, 0);
            }

            if (bit < 0)
            {
                return false;
            }

            Take(bit, 1L << order);
            first = bit - _phase;
            return true;
        }
    }

    /// <summary>Takes frames back. False, and nothing happens: one of them is not handed out.</summary>
    public bool TryFree(long first, long count)
    {
        lock (_gate)
        {
            if (first < 0 || count <= 0 || first > Frames - count || !AllUsed(first + _phase, count))
            {
                return false;
            }

            MarkFree(first + _phase, count);
            _used -= count;
            _frees += count;
            return true;
        }
    }

    /// <summary>The first frame at or after <paramref name="from"/> that is handed out.</summary>
    public bool TryNextUsed(long from, out long used)
    {
        used = 0;
        if (from < 0 || from >= Frames)
        {
            return false;
        }

        lock (_gate)
        {
            var bit = from + _phase;
            var word = bit >> WordShift;
            var ones = _full[0][word] & (ulong.MaxValue << (int)(bit & (WordBits - 1)));
            while (ones == 0)
            {
                word = NextTouchedWord(word + 1);
                if (word < 0)
                {
                    return false;
                }

                ones = _full[0][word];
            }

            used = (word << WordShift) + BitOperations.TrailingZeroCount(ones) - _phase;

            // Past the end there is only padding.
            return used < Frames;
        }
    }

    /// <summary>Gives the bitmap's memory back. No member but the counts may be called afterwards.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _suspended = true;
            _memory.Dispose();
        }
    }

    private static long WordsFor(long bits) => (bits + WordBits - 1) >> WordShift;

    /// <summary>The bits that start an aligned group of 2^order zero bits in a word; order 0 to 5.</summary>
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

    private long ReadLocked(ref long field)
    {
        lock (_gate)
        {
            return field;
        }
    }

    private void Take(long bit, long length)
    {
        MarkUsed(bit, length);
        _used += length;
        _allocations += length;
        _cursor = bit + length < _bits ? bit + length : 0;
        Corruption.Require(_used <= Frames, "no more frames are handed out than there are");
    }

    /// <summary>The first free bit at or after <paramref name="from"/>, or -1.</summary>
    private long FindFree(long from)
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
    private long FreeLength(long bit, long max)
    {
        var length = 0L;
        while (length < max && bit + length < _bits)
        {
            var at = bit + length;
            var offset = (int)(at & (WordBits - 1));
            var ones = _full[0][at >> WordShift] >> offset;
            if (ones != 0)
            {
                length += BitOperations.TrailingZeroCount(ones);
                break;
            }

            length += WordBits - offset;
        }

        return Math.Min(length, max);
    }

    private bool TryFindEmptyWord(long from, out long bit)
    {
        var touchedWords = WordsFor(_words[0]);
        var start = (from >> WordShift) >> WordShift;
        var end = Math.Min(touchedWords, start + LookAheadWords);
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

    /// <summary>The first aligned group of free bits in a word at or after that of <paramref name="from"/>, or -1.</summary>
    private long FindGroup(int order, long from)
    {
        if (order < WordShift)
        {
            for (var bit = FindFree(from & -WordBits); bit >= 0; bit = FindFree((bit | (WordBits - 1)) + 1))
            {
                var starts = GroupStarts(_full[0][bit >> WordShift], order);
                if (starts != 0)
                {
                    return (bit & -WordBits) + BitOperations.TrailingZeroCount(starts);
                }
            }

            return -1;
        }

        for (var i = (from >> WordShift) >> WordShift; i < WordsFor(_words[0]); i++)
        {
            var starts = GroupStarts(_touched[i], order - WordShift);
            if (starts != 0)
            {
                return ((i << WordShift) + BitOperations.TrailingZeroCount(starts)) << WordShift;
            }
        }

        return -1;
    }

    private long NextTouchedWord(long from)
    {
        var touchedWords = WordsFor(_words[0]);
        var mask = ulong.MaxValue << (int)(from & (WordBits - 1));
        for (var i = from >> WordShift; i < touchedWords; i++)
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

    private bool AllUsed(long bit, long count)
    {
        for (var (at, left) = (bit, count); left > 0;)
        {
            var mask = MaskAt(at, left, out var length);
            if ((_full[0][at >> WordShift] & mask) != mask)
            {
                return false;
            }

            at += length;
            left -= length;
        }

        return true;
    }

    private void MarkUsed(long bit, long count)
    {
        for (var (at, left) = (bit, count); left > 0;)
        {
            var mask = MaskAt(at, left, out var length);
            var word = at >> WordShift;
            Corruption.Require((_full[0][word] & mask) == 0, "a frame that is handed out was free");
            _full[0][word] |= mask;
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

    private void MarkFree(long bit, long count)
    {
        for (var (at, left) = (bit, count); left > 0;)
        {
            var mask = MaskAt(at, left, out var length);
            var word = at >> WordShift;
            var wasFull = _full[0][word] == ulong.MaxValue;
            _full[0][word] &= ~mask;
            if (_full[0][word] == 0)
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

    /// <summary>The bits from <paramref name="at"/> on that lie in its word.</summary>
    private static ulong MaskAt(long at, long left, out long length)
    {
        var offset = (int)(at & (WordBits - 1));
        length = Math.Min(left, WordBits - offset);
        return (ulong.MaxValue >> (int)(WordBits - length)) << offset;
    }

    /// <summary>Sets what lies past the end of each level: one word each, so a fresh bitmap stays untouched memory.</summary>
    private void PadTails()
    {
        var bits = _bits;
        for (var level = 0; level < _levels; level++)
        {
            PadTail(_full[level], _words[level], bits);
            bits = _words[level];
        }

        PadTail(_touched, WordsFor(_words[0]), _words[0]);
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
