// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>Adds up the counters of ranges, in pages of 4 KiB whatever their own page size.</summary>
internal struct StatisticsSum
{
    private Statistics _sum;

    /// <summary>The sum.</summary>
    public readonly Statistics Value => _sum;

    /// <summary>Adds a range's counters.</summary>
    public void Add(MemoryRange range)
    {
        var counters = range.Statistics;
        var order = range.PageOrder;
        _sum.Faults += (ulong)counters.Faults;
        _sum.WriteProtectFaults += (ulong)counters.WriteProtectFaults;
        _sum.DuplicateFaults += (ulong)counters.DuplicateFaults;
        _sum.FilledPages += (ulong)counters.FilledPages << order;
        _sum.PrefetchedPages += (ulong)counters.PrefetchedPages << order;
        _sum.EvictedPages += (ulong)counters.EvictedPages << order;
        _sum.BytesIn += (ulong)counters.ReadPages << range.PageShift;
        _sum.BytesOut += (ulong)counters.WrittenPages << range.PageShift;
        _sum.MemoryWaits += (ulong)counters.Waits;
        _sum.DeviceErrors += (ulong)counters.Errors;
    }

    /// <summary>Adds what an open range holds now.</summary>
    public void AddContents(MemoryRange range)
    {
        var census = PageCensus.Of(range, 0, range.PageCount);
        var order = range.PageOrder;
        _sum.LengthBytes += range.LengthBytes;
        _sum.ResidentPages += (ulong)census.Resident << order;
        _sum.DirtyPages += (ulong)census.Dirty << order;
        _sum.PinnedPages += (ulong)census.Pinned << order;
        _sum.DevicePages += (ulong)census.WithFrame << order;
        _sum.PoisonedPages += (ulong)census.Poisoned << order;
        _sum.Ranges++;
    }

    /// <summary>Adds another sum's counters.</summary>
    public void Add(in StatisticsSum other)
    {
        _sum.Faults += other._sum.Faults;
        _sum.WriteProtectFaults += other._sum.WriteProtectFaults;
        _sum.DuplicateFaults += other._sum.DuplicateFaults;
        _sum.FilledPages += other._sum.FilledPages;
        _sum.PrefetchedPages += other._sum.PrefetchedPages;
        _sum.EvictedPages += other._sum.EvictedPages;
        _sum.BytesIn += other._sum.BytesIn;
        _sum.BytesOut += other._sum.BytesOut;
        _sum.MemoryWaits += other._sum.MemoryWaits;
        _sum.DeviceErrors += other._sum.DeviceErrors;
    }

    /// <summary>Adds a session's counts of hints.</summary>
    public void AddHints(long taken, long dropped)
    {
        _sum.Hints += (ulong)taken;
        _sum.HintsDropped += (ulong)dropped;
    }

    /// <summary>The sum, with the budget that applies.</summary>
    public readonly Statistics ToStatistics(long budgetFrames) =>
        _sum with { BudgetBytes = (ulong)budgetFrames << Pfn.Shift };
}
