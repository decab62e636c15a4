// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Demo;

/// <summary>
/// Sorts more keys than fit in DRAM, in place, and is kind to paging: a quicksort whose partition
/// walks two windows towards each other, each from its low end to its high end, so that pages come
/// and go in long runs; a piece that fits in the budget is sorted by
/// <see cref="MemoryExtensions.Sort{T}(Span{T})"/> while it is resident.
/// </summary>
/// <remarks>
/// Cost: with data of N times the piece size, about log2 N passes over the data, and one more.
/// Every piece has bounds: all its keys are in Low..High. A piece whose bounds meet holds one value
/// and is done, which is what long runs of zeros, common in files, come to.
/// One thread; allocates a few pieces on a stack.
/// </remarks>
internal sealed class PagedSort<TKeys>
    where TKeys : struct, IKeySpace
{
    // The median of 63 keys lies between the 30th and the 70th percentile in all but one case of a
    // thousand.
    private const int Samples = 63;

    private readonly TKeys _keys; // immutable
    private readonly int _pieceKeysMax; // immutable
    private readonly int _windowKeys; // immutable
    private readonly Random _random; // owner thread
    private readonly Action<long> _progressed; // immutable

    /// <summary>Prepares a sort.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="pieceKeysMax">
    /// The most keys to sort at once, at least 8; they should fit in the budget with room to spare.
    /// </param>
    /// <param name="random">Chooses the samples.</param>
    /// <param name="progressed">
    /// Called with the number of keys just read; may throw to stop between two windows.
    /// </param>
    internal PagedSort(TKeys keys, int pieceKeysMax, Random random, Action<long> progressed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pieceKeysMax, 8);
        _keys = keys;
        _pieceKeysMax = pieceKeysMax;
        // Three windows are sorted at once at the end of a partition, so they must fit in a piece;
        // 1 MiB (128 Ki keys) is as long as the longest run of pages.
        _windowKeys = Math.Clamp(pieceKeysMax / 8, 1, 128 * 1024);
        _random = random;
        _progressed = progressed;
    }

    /// <summary>
    /// The keys that a sort of this size reads, as far as it can be known: what progress is
    /// measured against.
    /// </summary>
    internal static long ExpectedKeyReads(long count, int pieceKeysMax)
    {
        var passes = 1;
        for (var piece = count; piece > pieceKeysMax; piece = (piece + 1) / 2)
        {
            passes++;
        }

        return count * passes;
    }

    internal void Sort()
    {
        var pieces = new Stack<Piece>();
        pieces.Push(new Piece(0, _keys.Count, ulong.MinValue, ulong.MaxValue));
        while (pieces.TryPop(out var piece))
        {
            if (piece.Count <= 1 || piece.Low == piece.High)
            {
                continue;
            }

            if (piece.Count <= _pieceKeysMax)
            {
                _keys.Window(piece.Start, (int)piece.Count).Sort();
                _progressed(piece.Count);
                continue;
            }

            var pivot = MedianOfSamples(piece);
            var split = Partition(piece, pivot);
            pieces.Push(new Piece(split, piece.End, pivot, piece.High));
            pieces.Push(new Piece(piece.Start, split, piece.Low, pivot));
        }
    }

    private ulong MedianOfSamples(in Piece piece)
    {
        Span<ulong> samples = stackalloc ulong[Samples];
        foreach (ref var sample in samples)
        {
            sample = _keys.Window(_random.NextInt64(piece.Start, piece.End), 1)[0];
        }

        samples.Sort();
        return samples[Samples / 2];
    }

    /// <summary>
    /// Moves keys so that all before the returned index are at most the pivot and all from it on at
    /// least the pivot. Both parts have keys, given that the pivot is one of the piece's: the left
    /// window stops at the pivot and gives it to the right one and the other way round, so neither
    /// can pass all keys by.
    /// </summary>
    private long Partition(in Piece piece, ulong pivot)
    {
        var left = piece.Start; // [piece.Start, left) are all <= pivot
        var right = piece.End; // [right, piece.End) are all >= pivot
        Span<ulong> low = default; // [left, left + low.Length), of it [..lowDone) <= pivot
        Span<ulong> high = default; // [right - high.Length, right), of it [..highDone) >= pivot
        int lowDone = 0, highDone = 0;
        while (true)
        {
            if (lowDone == low.Length)
            {
                left += low.Length;
                low = default;
                if (right - high.Length - left < _windowKeys)
                {
                    break;
                }

                low = NextWindow(left);
                lowDone = 0;
            }

            if (highDone == high.Length)
            {
                right -= high.Length;
                high = default;
                if (right - left - low.Length < _windowKeys)
                {
                    break;
                }

                high = NextWindow(right - _windowKeys);
                highDone = 0;
            }

            Exchange(low, ref lowDone, high, ref highDone, pivot);
        }

        // What is left is shorter than three windows: sort it, and the border is where the pivot
        // belongs.
        var rest = _keys.Window(left, (int)(right - left));
        rest.Sort();
        _progressed(rest.Length);
        var split = left + FirstAtLeast(rest, pivot);
        // Where the pivot is the smallest key of all, the border is behind its last copy: all
        // copies are in the rest then.
        return split > piece.Start ? split : left + rest.LastIndexOf(pivot) + 1;
    }

    private Span<ulong> NextWindow(long start)
    {
        _progressed(_windowKeys);
        return _keys.Window(start, _windowKeys);
    }

    /// <summary>Swaps keys that stand on the wrong side until one window is done.</summary>
    private static void Exchange(Span<ulong> low, ref int lowDone, Span<ulong> high, ref int highDone, ulong pivot)
    {
        var i = lowDone;
        var j = highDone;
        while (true)
        {
            while (i < low.Length && low[i] < pivot)
            {
                i++;
            }

            while (j < high.Length && high[j] > pivot)
            {
                j++;
            }

            if (i == low.Length || j == high.Length)
            {
                break;
            }

            (low[i], high[j]) = (high[j], low[i]);
            i++;
            j++;
        }

        lowDone = i;
        highDone = j;
    }

    private static int FirstAtLeast(ReadOnlySpan<ulong> sorted, ulong key)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (sorted[middle] < key)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>Keys still to sort: [Start, End), all of them in Low..High.</summary>
    private readonly record struct Piece(long Start, long End, ulong Low, ulong High)
    {
        internal long Count => End - Start;
    }
}
