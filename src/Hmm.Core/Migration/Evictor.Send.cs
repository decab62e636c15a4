// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <content>Pages that leave DRAM since somebody asked for it, and not since it is short.</content>
internal sealed partial class Evictor
{
    /// <summary>
    /// Writes the run of dirty pages that begins at <paramref name="first"/> to one device. Returns when the writes are
    /// under way; each page is Evicting until its write is complete, and is recorded then.
    /// </summary>
    /// <returns>The page where the run ends: one that is not dirty, or for which there is no buffer now.</returns>
    internal long Send(MemoryRange range, long first, long end, DeviceMemory target, MigrateResults results)
    {
        var operation = _slots.TryRent();
        if (operation is null)
        {
            return first;
        }

        operation.Reset(keepResident: false, target, results);
        var page = first;
        while (page < end)
        {
            var entry = range.Table.Read(page);
            if (entry.State != PageState.Dirty || entry.Pins > 0
                || operation.PageCount >= Math.Max(1, EvictOperation.PageFramesMax >> range.PageOrder)
                || !range.Lifetime.TryGet())
            {
                break;
            }

            // Its token stays in the queue, where whoever finds it sees that the page has left.
            if (!range.Table.TryTransition(page, entry, entry.In(PageState.Evicting)))
            {
                _manager.Leave(range);
                break;
            }

            range.Share.Leave(1);
            Corruption.Require(operation.Add(range, page), "neighbours fit one operation");
            page++;
        }

        StartOrReturn(operation);
        return page;
    }

    /// <summary>Punches out one clean page, whose bytes are elsewhere; does nothing if it changed.</summary>
    internal void TryDrop(MemoryRange range, long page, PageEntry entry)
    {
        if (!range.Table.TryTransition(page, entry, entry.In(PageState.Evicting)))
        {
            return;
        }

        range.Share.Leave(1);
        var error = range.Memory.Discard(page, 1);
        Corruption.Require(error == Errno.None, "a clean page can be punched out");
        _manager.Trace?.Evicted(range.TokenOf(page), 1);
        var pending = range.Table.Publish(page, range.Table.Read(page).In(PageState.Absent));
        CountFreed(range, 1);
        _manager.Announce(range, page, 1, pending);
        _manager.Filler.ServeWaiters();
    }
}
