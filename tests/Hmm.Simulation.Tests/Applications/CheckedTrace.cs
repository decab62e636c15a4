// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;
using Hmm.Core.Policies;
using Hmm.Core.Virtual;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Applications;

/// <summary>
/// Holds what the core tells about pages to its word: a page comes when it is away and leaves when it is there, of open
/// ranges only, and at the end those are there that the page table has.
/// </summary>
/// <remarks>Guarded by: the baton.</remarks>
internal sealed class CheckedTrace : IPageTrace
{
    private readonly HashSet<uint> _open = [];
    private readonly HashSet<ulong> _present = [];

    public void Faulted(PageToken page, bool write, bool writeProtect, uint thread) =>
        Require(_open.Contains(page.RangeId), page, "faulted, and its range is not open");

    public void Filled(PageToken first, int count, bool writable, bool prefetched)
    {
        for (var i = 0; i < count; i++)
        {
            var page = new PageToken(first.RangeId, first.Page + i);
            Require(_open.Contains(page.RangeId) && _present.Add(page.Raw), page, "came, and was there already");
        }
    }

    public void Evicted(PageToken first, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var page = new PageToken(first.RangeId, first.Page + i);
            Require(_present.Remove(page.Raw), page, "left, and was not there");
        }
    }

    public void Dropped(PageToken first, int count)
    {
        for (var i = 0; i < count; i++)
        {
            _present.Remove(new PageToken(first.RangeId, first.Page + i).Raw);
        }
    }

    public void Opened(MemoryRange range) => Require(_open.Add(range.Id), range.TokenOf(0), "opened twice");

    public void Closed(MemoryRange range)
    {
        Require(_open.Remove(range.Id), range.TokenOf(0), "closed, and was not open");
        _present.RemoveWhere(page => new PageToken(page).RangeId == range.Id);
    }

    /// <summary>Compares it with the page table of a range on which nobody works.</summary>
    public void Verify(MemoryRange range)
    {
        for (var page = 0L; page < range.PageCount; page++)
        {
            var isThere = range.Table.Read(page).IsResident;
            Require(isThere == _present.Contains(range.TokenOf(page).Raw), range.TokenOf(page), "is told wrongly");
        }
    }

    private static void Require(bool holds, PageToken page, string what)
    {
        if (!holds)
        {
            throw new ScheduleException($"trace: page {page.Page} of range {page.RangeId} {what}");
        }
    }
}
