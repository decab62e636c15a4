// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Virtual;

/// <summary>
/// A range's share of the DRAM budget. Pages leave only as long as the minimum stays; above the maximum the range's own
/// pages leave first, and nothing is brought along. A fault waits for DRAM, never for a share: while reclaim catches up
/// a range may be above its maximum by what it faults on meanwhile.
/// </summary>
/// <remarks>Threads: any. Invariant: 0 &lt;= leaving &lt;= resident pages, when no eviction begins or ends.</remarks>
internal sealed class RangeShare
{
    // The pages of one batch of evictions: so many leave at a time, or each fault would start reclaim anew.
    private const long SlackFramesMax = 256;

    private readonly RangeStatistics _statistics; // immutable
    private readonly int _pageOrder; // immutable
    private long _leavingPages; // Guarded by: atomic

    /// <summary>Makes a share.</summary>
    /// <param name="statistics">Of the range.</param>
    /// <param name="pageOrder">log2 of the frames of one page.</param>
    /// <param name="minFrames">0 for no minimum.</param>
    /// <param name="maxFrames">0 for no maximum.</param>
    public RangeShare(RangeStatistics statistics, int pageOrder, long minFrames, long maxFrames)
    {
        _statistics = statistics;
        _pageOrder = pageOrder;
        MinFrames = minFrames;
        MaxFrames = maxFrames;
    }

    /// <summary>The DRAM that other ranges cannot take from it, in frames; 0 for none.</summary>
    public long MinFrames { get; }

    /// <summary>The DRAM that it should not go beyond, in frames; 0 for no limit.</summary>
    public long MaxFrames { get; }

    /// <summary>Whether it has a maximum.</summary>
    public bool IsLimited => MaxFrames > 0;

    /// <summary>How many frames should leave; 0 while it is within its maximum.</summary>
    public long ExcessFrames
    {
        get
        {
            var over = StayingFrames - MaxFrames;
            return IsLimited && over > 0 ? over + Math.Min(MaxFrames / 16, SlackFramesMax) : 0;
        }
    }

    /// <summary>Whether it may have more pages.</summary>
    public bool HasRoom => !IsLimited || StayingFrames < MaxFrames;

    private long StayingFrames => (_statistics.ResidentPages - Volatile.Read(ref _leavingPages)) << _pageOrder;

    /// <summary>Lets one page leave, unless the minimum would not stay.</summary>
    public bool TryLeave()
    {
        if (MinFrames == 0 && !IsLimited)
        {
            return true;
        }

        Interlocked.Increment(ref _leavingPages);
        if (StayingFrames >= MinFrames)
        {
            return true;
        }

        EndLeave(1);
        return false;
    }

    /// <summary>Pages leave since somebody asked for that, whatever the minimum.</summary>
    public void Leave(int pages) => EndLeave(-pages);

    /// <summary>Pages that were let leave have left, or stay after all.</summary>
    public void EndLeave(int pages)
    {
        if (MinFrames != 0 || IsLimited)
        {
            Interlocked.Add(ref _leavingPages, -pages);
        }
    }
}
