// SPDX-License-Identifier: GPL-2.0-or-later
using System.Numerics;

namespace Hmm.Core.Policies;

/// <summary>
/// Which pages left DRAM lately, in 4 bytes a page: a fingerprint, one bit of its past, and the time, counted in pages
/// that left. It forgets a page by itself once as many others have left since as it was made for.
/// </summary>
/// <remarks>
/// It errs in one lookup of about 4000 (eight entries of a bucket, 15 bits of fingerprint), and a bucket that is full
/// loses its oldest entry early; either costs one page a place in the wrong queue. Threads: one at a time.
/// Allocates nothing after construction.
/// </remarks>
internal sealed class GhostTable
{
    private const int BucketEntries = 8;

    // An age is at most 2^14 ticks, a quarter of what 16 bits count, so an entry is old for a long time before the
    // clock comes round to it; see Sweep.
    private const int AgeTicksMax = 1 << 14;

    // An entry: 15 bits of fingerprint, which are not all zero, one bit of its past, 16 bits of time.
    private const int PrintShift = 17;
    private const uint CameBackBit = 1u << 16;

    private readonly uint[] _entries; // Guarded by: the caller; 0 is free
    private readonly int _bucketMask; // immutable
    private readonly int _tickShift; // immutable
    private readonly uint _ageMax; // immutable, in ticks
    private long _departed; // Guarded by: the caller
    private int _sweep; // Guarded by: the caller

    /// <summary>Makes an empty table.</summary>
    /// <param name="horizon">How many pages may leave before one is forgotten, at least 1.</param>
    public GhostTable(long horizon)
    {
        horizon = Math.Max(horizon, 1);
        var entries = BitOperations.RoundUpToPowerOf2((ulong)Math.Max(horizon, BucketEntries));
        _entries = new uint[Math.Min(entries, 1UL << 30)];
        _bucketMask = (_entries.Length / BucketEntries) - 1;
        _tickShift = Math.Max(0, BitOperations.Log2((ulong)horizon) + 1 - BitOperations.Log2(AgeTicksMax));
        _ageMax = (uint)Math.Max(1, horizon >> _tickShift);
    }

    private uint Now => (uint)(_departed >> _tickShift) & 0xFFFF;

    /// <summary>A page left.</summary>
    /// <param name="page">The page.</param>
    /// <param name="cameBack">Whether it had come back before, which is remembered with it.</param>
    public void Add(ulong page, bool cameBack = false)
    {
        _departed++;
        Sweep();
        var (bucket, print) = Place(page);
        var chosen = bucket;
        for (var i = bucket; i < bucket + BucketEntries; i++)
        {
            if (_entries[i] == 0)
            {
                chosen = i;
                break;
            }

            chosen = Age(_entries[i]) > Age(_entries[chosen]) ? i : chosen;
        }

        _entries[chosen] = (print << PrintShift) | (cameBack ? CameBackBit : 0) | Now;
    }

    /// <summary>Whether a page left lately; if so, it is forgotten.</summary>
    public bool Remove(ulong page) => Remove(page, out _);

    /// <summary>The same, with what was remembered.</summary>
    public bool Remove(ulong page, out bool cameBack)
    {
        cameBack = false;
        var (bucket, print) = Place(page);
        for (var i = bucket; i < bucket + BucketEntries; i++)
        {
            if (_entries[i] >> PrintShift == print)
            {
                var isYoung = Age(_entries[i]) <= _ageMax;
                cameBack = isYoung && (_entries[i] & CameBackBit) != 0;
                _entries[i] = 0;
                return isYoung;
            }
        }

        return false;
    }

    /// <summary>
    /// Frees old entries before the clock, which has 16 bits, makes them young again: two entries for each page that
    /// leaves go round the table in half of its size, and the clock goes round in four times the horizon at the least.
    /// </summary>
    private void Sweep()
    {
        for (var i = 0; i < 2; i++)
        {
            ref var entry = ref _entries[_sweep];
            entry = Age(entry) > _ageMax ? 0 : entry;
            _sweep = (_sweep + 1) % _entries.Length;
        }
    }

    private uint Age(uint entry) => (Now - entry) & 0xFFFF;

    private (int Bucket, uint Print) Place(ulong page)
    {
        // Fibonacci hashing, with the upper half mixed in: neighbours must not share a bucket.
        var hash = (page ^ (page >> 29)) * 0x9E3779B97F4A7C15;
        hash ^= hash >> 32;
        var bucket = (int)(hash & (uint)_bucketMask) * BucketEntries;
        return (bucket, Math.Max(1, (uint)(hash >> 49)));
    }
}
