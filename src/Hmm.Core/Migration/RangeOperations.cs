// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <summary>
/// What an application asks of its ranges. The hints return at once; the others wait for pages that somebody works on,
/// so they belong on a session's thread, never on one that resolves faults.
/// </summary>
/// <remarks>Threads: any. The caller holds a reference of the range, except for <see cref="Release"/>.</remarks>
internal sealed class RangeOperations
{
    private const int RunPagesMax = 256;

    private readonly MemoryManager _manager; // immutable

    internal RangeOperations(MemoryManager manager)
    {
        _manager = manager;
    }

    /// <summary>Brings pages in, as far as DRAM goes that is not kept for faults.</summary>
    /// <returns>The page where it stopped.</returns>
    public long Prefetch(MemoryRange range, long first, long count) =>
        _manager.Filler.Prefetch(range, first, count, writable: false);

    /// <summary>
    /// The pages will be written: brings absent ones in writable and lets writes through to clean
    /// ones.
    /// </summary>
    /// <returns>The page where it stopped.</returns>
    public long WillWrite(MemoryRange range, long first, long count)
    {
        Unprotect(range, first, count);
        return _manager.Filler.Prefetch(range, first, count, writable: true);
    }

    /// <summary>Lets writes through to the clean pages of a span.</summary>
    public void Unprotect(MemoryRange range, long first, long count)
    {
        var end = Math.Min(first + count, range.PageCount);
        for (var page = range.Table.NextTouchedChunk(first); page < end;)
        {
            if (range.Table.Read(page).State == PageState.Clean)
            {
                _manager.Faults.Unprotect(range, page);
            }

            page = (page + 1) % PageTable.ChunkPages == 0 ? range.Table.NextTouchedChunk(page + 1) : page + 1;
        }
    }

    /// <summary>
    /// Drops the contents of pages: anonymous ones are zero again, those of a private file are the file's again. In a
    /// shared file nothing is lost: clean pages leave DRAM, dirty ones stay. A page that its device could not return is
    /// usable again, unless what stands behind it cannot be read either.
    /// </summary>
    /// <exception cref="HmmException">EBUSY: a page is pinned; those before it were dropped.</exception>
    public void DontNeed(MemoryRange range, long first, long count)
    {
        if (range.Store is null)
        {
            DontNeedCore(range, first, count);
            _manager.Filler.WakeSleepers(range);
            return;
        }

        // Not beside a checkpoint: a page that it has cut, and that is dropped, would come back as an older one.
        HoldCut(range);
        try
        {
            DontNeedCore(range, first, count);
        }
        finally
        {
            ReleaseCut(range);
        }

        _manager.Filler.WakeSleepers(range);
    }

    private void DontNeedCore(MemoryRange range, long first, long count)
    {
        var end = Math.Min(first + count, range.PageCount);
        var refilled = -1L;
        for (var page = range.Table.NextTouchedChunk(first); page < end;)
        {
            var epoch = _manager.Progress.Epoch;
            var entry = range.Table.Read(page);
            if (entry.IsOwned)
            {
                _manager.Progress.Wait(epoch);
                continue;
            }

            if (entry.State == PageState.Poisoned)
            {
                // Only an install lifts the error: the page is filled first, and dropped like any other after that.
                var failedAgain = page == refilled;
                refilled = !failedAgain && _manager.Filler.TryRefill(range, page) ? page : refilled;
                page += failedAgain ? 1 : 0;
                continue;
            }

            if (entry.Pins > 0)
            {
                throw new HmmException(
                    Errno.EBUSY, $"Page {page} of range '{range.Name}' is pinned; dispose the pin before dropping it.");
            }

            page += DropRun(range, page, (int)Math.Min(end - page, RunPagesMax));
            page = page % PageTable.ChunkPages == 0 ? range.Table.NextTouchedChunk(page) : page;
        }
    }

    /// <summary>Makes pages resident and holds them there until as many calls of <see cref="Unpin"/>.</summary>
    /// <exception cref="HmmException">
    /// ENOMEM: pinned pages would take more than half of the budget. EIO: a page cannot be read. EOVERFLOW: a page has
    /// 4095 pins. ENOENT: the range is being closed, or the application unmapped a part of it. ESRCH: the application
    /// is gone. Nothing is pinned then.
    /// </exception>
    public void Pin(MemoryRange range, long first, long count)
    {
        var frames = count << range.PageOrder;
        if (!_manager.Pins.TryReserve(frames))
        {
            throw new HmmException(
                Errno.ENOMEM,
                $"Pinning {frames} pages of 4 KiB would pin more than half of the budget of {_manager.Budget.Limit}; "
                    + "raise the budget or pin less.");
        }

        var pinned = 0L;
        try
        {
            while (pinned < count)
            {
                PinPage(range, first + pinned);
                pinned++;
            }
        }
        catch
        {
            UnpinPages(range, first, pinned);
            _manager.Pins.Release(frames - (pinned << range.PageOrder));
            throw;
        }
    }

    /// <summary>Takes one pin from each page.</summary>
    /// <exception cref="HmmException">
    /// EINVAL: a page has no pin; nothing is unpinned then, unless another thread took the page's last pin meanwhile.
    /// </exception>
    public void Unpin(MemoryRange range, long first, long count)
    {
        for (var page = first; page < first + count; page++)
        {
            if (range.Table.Read(page).Pins == 0)
            {
                ThrowNotPinned(range, page);
            }
        }

        UnpinPages(range, first, count);
    }

    /// <summary>
    /// Writes the dirty pages of a shared file back. What is written while it runs may or may not be included. Durable
    /// once the file itself is synced, which is the caller's part.
    /// </summary>
    /// <exception cref="HmmException">
    /// The error of any write-back since the last call; the pages are still in DRAM.
    /// </exception>
    public void Flush(MemoryRange range, long first, long count)
    {
        if (range.Kind == RangeKind.FileShared)
        {
            WriteBack(range, first, Math.Min(first + count, range.PageCount));
        }
    }

    /// <summary>Waits until no checkpoint of the range is under way, and keeps others from beginning.</summary>
    internal void HoldCut(MemoryRange range)
    {
        while (true)
        {
            var epoch = _manager.Progress.Epoch;
            if (range.TryHoldCut())
            {
                return;
            }

            _manager.Progress.Wait(epoch);
        }
    }

    /// <summary>Lets the next one begin.</summary>
    internal void ReleaseCut(MemoryRange range)
    {
        range.ReleaseCut();
        _manager.Progress.Signal();
    }

    /// <summary>Writes dirty pages out and leaves them in DRAM; returns when they are written.</summary>
    /// <exception cref="HmmException">The error of any write since the last call.</exception>
    internal void WriteBack(MemoryRange range, long first, long end)
    {
        for (var page = first; page < end;)
        {
            var epoch = _manager.Progress.Epoch;
            page = _manager.Evictor.WriteBack(range, page, end);
            if (page < end)
            {
                _manager.Progress.Wait(epoch);
            }
        }

        for (var page = range.Table.NextTouchedChunk(first); page < end;)
        {
            var epoch = _manager.Progress.Epoch;
            if (range.Table.Read(page).State == PageState.Evicting)
            {
                _manager.Progress.Wait(epoch);
                continue;
            }

            page = (page + 1) % PageTable.ChunkPages == 0 ? range.Table.NextTouchedChunk(page + 1) : page + 1;
        }

        var error = range.TakeWriteError();
        if (error != Errno.None)
        {
            throw new HmmException(
                error,
                $"Pages of '{range.Name}' could not be written back; they are still in DRAM. Mend the cause and "
                    + "flush again.");
        }
    }

    /// <summary>
    /// The last of a closed range: refuses new work, waits for what is under way, frees every frame and its DRAM.
    /// </summary>
    internal void Release(MemoryRange range)
    {
        range.Lifetime.Kill();
        _manager.Filler.DropWaitersOf(range);
        while (true)
        {
            var epoch = _manager.Progress.Epoch;
            if (range.Lifetime.IsDrained)
            {
                break;
            }

            _manager.Progress.Wait(epoch);
        }

        range.Lifetime.Exit();
        _manager.Trace?.Closed(range);
        var resident = 0L;
        var pinned = 0L;
        for (var chunk = range.Table.NextTouchedChunk(0); chunk < range.PageCount;)
        {
            var end = Math.Min(chunk + PageTable.ChunkPages, range.PageCount);
            resident += ReleaseChunk(range, chunk, end, ref pinned);
            chunk = range.Table.NextTouchedChunk(end);
        }

        // The pages are punched by now: the DRAM is really free before somebody else may have it.
        range.Statistics.CountDiscarded(resident);
        _manager.Pins.Release(pinned << range.PageOrder);
        _manager.Budget.Release(resident << range.PageOrder);
        range.Queue.Forget(range.Id);
        _manager.Shares.Closed(range);
        _manager.Ranges.Remove(range);
        _manager.Filler.ServeWaiters();
    }

    /// <summary>
    /// Frees the frames of a closed range's pages and punches those in DRAM; returns how many these
    /// were.
    /// </summary>
    private long ReleaseChunk(MemoryRange range, long first, long end, ref long pinned)
    {
        var resident = 0L;
        var run = 0;
        for (var page = first; page < end; page++)
        {
            var entry = range.Table.Read(page);
            Corruption.Require(!entry.IsOwned, "nobody works on a page of a drained range");
            pinned += entry.Pins;
            if (entry.HasFrame)
            {
                _manager.PutFrames(entry.Frame, range.FramesPerPage);
            }

            if (entry.IsResident)
            {
                run++;
                continue;
            }

            Punch(range, page - run, run);
            resident += run;
            run = 0;
        }

        Punch(range, end - run, run);
        return resident + run;
    }

    private static void Punch(MemoryRange range, long first, int count)
    {
        if (count > 0)
        {
            Corruption.Require(range.Memory.Discard(first, count) == Errno.None, "pages in DRAM can be punched out");
        }
    }

    /// <summary>Drops neighbours in one state; returns how many, at least one.</summary>
    private int DropRun(MemoryRange range, long first, int countMax)
    {
        Span<ulong> claimed = stackalloc ulong[RunPagesMax];
        var resident = range.Table.Read(first).IsResident;
        var count = 0;
        while (count < countMax)
        {
            var entry = range.Table.Read(first + count);
            var droppable = resident
                ? entry.State == PageState.Clean
                    || (entry.State == PageState.Dirty && range.Kind != RangeKind.FileShared)
                : entry.State == PageState.Absent && entry.HasFrame;
            if (!droppable || entry.Pins > 0
                || !range.Table.TryTransition(first + count, entry, entry.In(PageState.Evicting)))
            {
                break;
            }

            claimed[count++] = entry.Raw;
        }

        if (count == 0)
        {
            return SkipOrRetry(range, first);
        }

        if (resident)
        {
            Corruption.Require(range.Memory.Discard(first, count) == Errno.None, "pages in DRAM can be punched out");
        }

        PublishDropped(range, first, claimed[..count]);
        return count;
    }

    /// <summary>
    /// A page that nothing can be dropped of is passed over; one that just changed is looked at
    /// again.
    /// </summary>
    private static int SkipOrRetry(MemoryRange range, long page)
    {
        var entry = range.Table.Read(page);
        var nothingToDrop = (entry.State == PageState.Absent && !entry.HasFrame)
            || (entry.State == PageState.Dirty && range.Kind == RangeKind.FileShared);
        return nothingToDrop ? 1 : 0;
    }

    private void PublishDropped(MemoryRange range, long first, ReadOnlySpan<ulong> claimed)
    {
        _manager.Trace?.Dropped(range.TokenOf(first), claimed.Length);
        var pending = false;
        var resident = 0;
        for (var i = 0; i < claimed.Length; i++)
        {
            var entry = new PageEntry(claimed[i]);
            resident += entry.IsResident ? 1 : 0;
            var absent = range.Table.Read(first + i).In(PageState.Absent);
            pending |= range.Table.Publish(first + i, absent.WithoutFrame().WithoutData());
            if (entry.HasFrame)
            {
                _manager.PutFrames(entry.Frame, range.FramesPerPage);
            }
        }

        range.Statistics.CountDiscarded(resident);
        _manager.Budget.Release((long)resident << range.PageOrder);
        _manager.Announce(range, first, claimed.Length, pending);

        // At once, not at the end: the next page to drop may be one that waits for just this DRAM.
        _manager.Filler.ServeWaiters();
    }

    private void PinPage(MemoryRange range, long page)
    {
        while (true)
        {
            var epoch = _manager.Progress.Epoch;
            var entry = range.Table.Read(page);
            if (entry.IsResident)
            {
                if (entry.Pins == PageEntry.PinsMax)
                {
                    throw new HmmException(
                        Errno.EOVERFLOW, $"Page {page} of range '{range.Name}' has {PageEntry.PinsMax} pins already.");
                }

                if (range.Table.TryTransition(page, entry, entry.WithPins(entry.Pins + 1)))
                {
                    range.Statistics.CountPinned(1);
                    return;
                }
            }
            else if (entry.State == PageState.Poisoned)
            {
                throw new HmmException(
                    Errno.EIO,
                    $"Page {page} of range '{range.Name}' cannot be read from its device, so it cannot be pinned.");
            }
            else if (entry.IsOwned || (!range.Lifetime.IsDying && _manager.Filler.IsAsleep(range.TokenOf(page))))
            {
                _manager.Progress.Wait(epoch);
            }
            else if (range.Lifetime.IsDying || range.MemoryError != Errno.None)
            {
                // No fill comes to anything any more: to try again would be to try for ever.
                throw new HmmException(
                    range.Lifetime.IsDying ? Errno.ENOENT : range.MemoryError,
                    $"Page {page} of range '{range.Name}' cannot be pinned: the range is closed, or its memory is "
                        + "unmapped.");
            }
            else if (range.Table.TryTransition(page, entry, entry.In(PageState.Busy)))
            {
                _manager.Filler.FillFault(range, page, write: false, alone: false);
            }
        }
    }

    private void UnpinPages(MemoryRange range, long first, long count)
    {
        for (var page = first; page < first + count;)
        {
            var epoch = _manager.Progress.Epoch;
            var entry = range.Table.Read(page);
            if (entry.IsOwned)
            {
                _manager.Progress.Wait(epoch);
            }
            else if (entry.Pins == 0)
            {
                ThrowNotPinned(range, page);
            }
            else if (range.Table.TryTransition(page, entry, entry.WithPins(entry.Pins - 1)))
            {
                range.Statistics.CountPinned(-1);
                _manager.Pins.Release(range.FramesPerPage);
                page++;
            }
        }
    }

    [DoesNotReturn]
    private static void ThrowNotPinned(MemoryRange range, long page) =>
        throw new HmmException(Errno.EINVAL, $"Page {page} of range '{range.Name}' is not pinned.");
}
