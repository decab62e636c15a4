// SPDX-License-Identifier: GPL-2.0-or-later
using System.Numerics;

namespace Hmm.Cli.Bench.Running;

/// <summary>
/// Counts of latencies in nanoseconds, in buckets that are at most 1/32 of their value wide. One thread adds;
/// allocates nothing after construction.
/// </summary>
internal sealed class LatencyHistogram
{
    /// <summary>
    /// From here on an access is taken to have been a fault: touching a resident page takes well below a microsecond,
    /// the cheapest fault several.
    /// </summary>
    internal const long SlowNs = 2000;

    private const int Buckets = 2048;
    private readonly long[] _buckets = new long[Buckets]; // owner thread

    internal long Count { get; private set; }

    internal long SlowCount { get; private set; }

    internal double SumNs { get; private set; }

    internal long MaxNs { get; private set; }

    internal void Add(long ns)
    {
        _buckets[BucketOf((ulong)ns)]++;
        Count++;
        SumNs += ns;
        MaxNs = Math.Max(MaxNs, ns);
        SlowCount += ns > SlowNs ? 1 : 0;
    }

    internal void Add(LatencyHistogram other)
    {
        for (var i = 0; i < Buckets; i++)
        {
            _buckets[i] += other._buckets[i];
        }

        Count += other.Count;
        SumNs += other.SumNs;
        MaxNs = Math.Max(MaxNs, other.MaxNs);
        SlowCount += other.SlowCount;
    }

    /// <summary>The middle of the bucket that a quantile falls into; 0 when there is nothing.</summary>
    internal double QuantileNs(double quantile)
    {
        var target = (long)(quantile * Count);
        var seen = 0L;
        for (var i = 0; i < Buckets; i++)
        {
            seen += _buckets[i];
            if (seen > target)
            {
                return MiddleOf(i);
            }
        }

        return MaxNs;
    }

    /// <summary>A quantile of those that were slow: of the faults.</summary>
    internal double SlowQuantileNs(double quantile) =>
        Count == 0 ? 0 : QuantileNs((Count - SlowCount + (quantile * SlowCount)) / Count);

    private static int BucketOf(ulong ns)
    {
        if (ns < 64)
        {
            return (int)ns;
        }

        var log = BitOperations.Log2(ns);
        return Math.Min(Buckets - 1, 64 + ((log - 6) * 32) + (int)((ns >> (log - 5)) & 31));
    }

    private static double MiddleOf(int bucket)
    {
        if (bucket < 64)
        {
            return bucket;
        }

        var log = ((bucket - 64) / 32) + 6;
        return (1UL << log) + ((ulong)((bucket - 64) % 32) << (log - 5)) + (1UL << (log - 6));
    }
}
