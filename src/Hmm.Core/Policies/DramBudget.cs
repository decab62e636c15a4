// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;

namespace Hmm.Core.Policies;

/// <summary>
/// The DRAM that ranges may use together, in frames of 4 KiB. A frame is reserved before its page is installed and
/// released after its page was punched, so what the kernel reports is never more than <see cref="Reserved"/>.
/// </summary>
/// <remarks>Threads: any. Invariant: 0 &lt;= Reserved &lt;= Limit + Overdraft.</remarks>
internal sealed class DramBudget
{
    /// <summary>The least budget: 2 MiB, one largest page.</summary>
    public const ulong LimitBytesMin = 2 << 20;

    // Reclaim starts when less than 1/64 is free and frees 1/32 more, a turn: what is kept free serves no hit (at 1/16
    // and 1/8, zipf was an eighth slower), and the more pages leave in one turn, the less each costs. Small budgets
    // keep the 2 MiB that a fault thread takes in while one batch of 256 pages is written, up to 1/16 of them; large
    // ones no more than any device needs.
    private const int LowDivisor = 64;
    private const int TurnDivisor = 32;
    private const int SmallDivisor = 16;
    private const long SmallFrames = (2L << 20) >> Pfn.Shift;
    private const long MostFrames = (32L << 20) >> Pfn.Shift;

    /// <summary>The most frames of one batch of direct reclaim.</summary>
    /// <remarks>
    /// Half a millisecond of unmapping where that is dear. Twice as many were no faster, and whoever faults meanwhile
    /// waits twice as long.
    /// </remarks>
    public const int DirectFrames = 128;

    private readonly long _high; // immutable
    private readonly long _low; // immutable
    private long _window; // Guarded by: atomic
    private long _reserved; // Guarded by: atomic
    private long _peak; // Guarded by: atomic

    /// <summary>Creates a budget.</summary>
    /// <param name="limitBytes">At least <see cref="LimitBytesMin"/>; rounded down to frames.</param>
    /// <param name="overdraft">Frames that <see cref="TryOverdraw"/> may take beyond the limit.</param>
    public DramBudget(ulong limitBytes, long overdraft = 0)
    {
        Overdraft = overdraft;
        ArgumentOutOfRangeException.ThrowIfLessThan(limitBytes, LimitBytesMin);
        Limit = (long)(limitBytes >> Pfn.Shift);
        _low = Portion(LowDivisor);
        _high = _low + Portion(TurnDivisor);
        _window = Limit;
        PrefetchReserve = _low / 4;
    }

    /// <summary>The limit in frames.</summary>
    public long Limit { get; }

    /// <summary>
    /// Frames beyond the limit, for pages that come in only so that others can take their place on a full device.
    /// </summary>
    public long Overdraft { get; }

    /// <summary>Background reclaim starts when fewer frames are free.</summary>
    public long LowWatermark => IsWindowed ? Limit - Window : _low;

    /// <summary>Background reclaim stops when as many frames are free.</summary>
    public long HighWatermark => IsWindowed ? Limit - (Window / 4 * 3) : _high;

    /// <summary>
    /// A fault that nobody else waits behind makes room itself when fewer frames are free: one batch above the low
    /// watermark, so that background reclaim starts only when faults do not keep up.
    /// </summary>
    public long DirectWatermark => LowWatermark + Math.Min(DirectFrames, (HighWatermark - LowWatermark) / 2);

    /// <summary>
    /// Prefetch leaves as many frames to faults. It may go below the low watermark, or reclaim, which starts there and
    /// is always a little late, would cut every window short.
    /// </summary>
    public long PrefetchReserve { get; }

    /// <summary>
    /// How many frames background reclaim leaves in DRAM: the limit, or a few while a full trace is recorded, so that
    /// nearly every use of a page faults. Faults find room up to the limit all the same.
    /// </summary>
    public long Window
    {
        get => Volatile.Read(ref _window);
        set => Volatile.Write(ref _window, Math.Min(value, Limit));
    }

    /// <summary>Whether reclaim leaves less in DRAM than fits.</summary>
    public bool IsWindowed => Window < Limit;

    /// <summary>Frames in use or about to be.</summary>
    public long Reserved => Volatile.Read(ref _reserved);

    /// <summary>The most frames that were ever reserved.</summary>
    public long Peak => Volatile.Read(ref _peak);

    /// <summary>Frames left.</summary>
    public long Free => Limit - Reserved;

    /// <summary>Whether background reclaim should start.</summary>
    public bool IsBelowLow => Free < LowWatermark;

    /// <summary>Whether background reclaim may stop.</summary>
    public bool IsAboveHigh => Free >= HighWatermark;

    /// <summary>Takes frames if, afterwards, at least <paramref name="keepFree"/> are left.</summary>
    public bool TryReserve(long frames, long keepFree = 0)
    {
        var before = Volatile.Read(ref _reserved);
        while (true)
        {
            var after = before + frames;
            if (after > Limit - keepFree)
            {
                return false;
            }

            var seen = Interlocked.CompareExchange(ref _reserved, after, before);
            if (seen == before)
            {
                RaisePeak(after);
                return true;
            }

            before = seen;
        }
    }

    /// <summary>Takes frames, beyond the limit if need be.</summary>
    public bool TryOverdraw(long frames) => TryReserve(frames, -Overdraft);

    /// <summary>Whether <see cref="TryOverdraw"/> would find so many now.</summary>
    public bool CanOverdraw(long frames) => Free + Overdraft >= frames;

    /// <summary>Gives frames back.</summary>
    public void Release(long frames)
    {
        var after = Interlocked.Add(ref _reserved, -frames);
        Corruption.Require(after >= 0, "no more DRAM is released than was reserved");
    }

    private long Portion(int divisor) =>
        Math.Min(Math.Max(Limit / divisor, Math.Min(Limit / SmallDivisor, SmallFrames)), MostFrames);

    private void RaisePeak(long reserved)
    {
        var peak = Volatile.Read(ref _peak);
        while (reserved > peak)
        {
            var seen = Interlocked.CompareExchange(ref _peak, reserved, peak);
            if (seen == peak)
            {
                return;
            }

            peak = seen;
        }
    }
}
