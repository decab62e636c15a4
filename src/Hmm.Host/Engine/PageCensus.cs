// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>
/// Counts the pages of a span by state, for people to look at: about a nanosecond for each page of a chunk that was
/// ever touched, nothing for the others. The counts are of no single moment.
/// </summary>
internal struct PageCensus
{
    /// <summary>Pages in DRAM.</summary>
    public long Resident;

    /// <summary>Of these, dirty ones.</summary>
    public long Dirty;

    /// <summary>Pages in DRAM or out of it that have a frame in device memory.</summary>
    public long WithFrame;

    /// <summary>Pages out of DRAM that have a frame in device memory.</summary>
    public long OnDevice;

    /// <summary>Pinned pages.</summary>
    public long Pinned;

    /// <summary>Poisoned pages.</summary>
    public long Poisoned;

    /// <summary>Pages that somebody works on.</summary>
    public long Moving;

    /// <summary>Counts the pages from <paramref name="first"/> up to <paramref name="end"/>.</summary>
    public static PageCensus Of(MemoryRange range, long first, long end)
    {
        var census = default(PageCensus);
        for (var page = range.Table.NextTouchedChunk(first); page < end;)
        {
            census.Count(range.Table.Read(page));
            page = (page + 1) % PageTable.ChunkPages == 0 ? range.Table.NextTouchedChunk(page + 1) : page + 1;
        }

        return census;
    }

    /// <summary>The counts as shares of a residency map's cell.</summary>
    public readonly ResidencyCell ToCell(long pages) => new()
    {
        Resident = Share(Resident, pages),
        Dirty = Share(Dirty, pages),
        OnDevice = Share(OnDevice, pages),
        Marks = (Pinned > 0 ? CellMarks.Pinned : 0)
            | (Poisoned > 0 ? CellMarks.Poisoned : 0)
            | (Moving > 0 ? CellMarks.Moving : 0),
    };

    /// <summary>0 only for none, 255 only for all.</summary>
    private static byte Share(long count, long pages) =>
        count == 0 ? (byte)0 : count >= pages ? (byte)255 : (byte)Math.Clamp(count * 255 / pages, 1, 254);

    private void Count(PageEntry entry)
    {
        Resident += entry.IsResident ? 1 : 0;
        Dirty += entry.State == PageState.Dirty ? 1 : 0;
        WithFrame += entry.HasFrame ? 1 : 0;
        OnDevice += entry.HasFrame && entry.State == PageState.Absent ? 1 : 0;
        Pinned += entry.Pins > 0 ? 1 : 0;
        Poisoned += entry.State == PageState.Poisoned ? 1 : 0;
        Moving += entry.IsOwned ? 1 : 0;
    }
}
