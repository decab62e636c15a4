// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Core.Policies;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <summary>
/// The last step of every fill: puts bytes under pages that the caller owns (Busy, with DRAM reserved) and publishes
/// what became of each. Every page is published exactly once, whatever the kernel answers.
/// </summary>
/// <remarks>Threads: any; two calls never share a page, since its owner is one.</remarks>
internal sealed class PageInstaller
{
    private readonly MemoryManager _manager; // immutable

    internal PageInstaller(MemoryManager manager)
    {
        _manager = manager;
    }

    /// <summary>Installs a run of Busy pages from one buffer.</summary>
    /// <param name="range">Their range.</param>
    /// <param name="first">The first page.</param>
    /// <param name="count">How many.</param>
    /// <param name="source">Their bytes.</param>
    /// <param name="writable">Install writable and publish as Dirty; else write-protected and Clean.</param>
    /// <param name="prefetched">Whether nobody is known to wait for them.</param>
    public void Install(MemoryRange range, long first, int count, nint source, bool writable, bool prefetched) =>
        Install(range, first, count, source, new InstallKind(writable, IsData: true, prefetched));

    /// <summary>
    /// Installs a run of Busy pages that nothing stands behind, writable: fresh memory is nearly always written next.
    /// </summary>
    /// <param name="range">Their range.</param>
    /// <param name="first">The first page.</param>
    /// <param name="count">How many.</param>
    /// <param name="zeros">Zero bytes, as many.</param>
    /// <param name="written">Whether a write is known to follow; else they may be dropped while they are zero.</param>
    /// <param name="prefetched">Whether nobody is known to wait for them.</param>
    public void InstallZeros(MemoryRange range, long first, int count, nint zeros, bool written, bool prefetched) =>
        Install(range, first, count, zeros, new InstallKind(Writable: true, written, prefetched));

    /// <summary>
    /// Gives up on Busy pages: they are Absent again, their bytes where they were, their DRAM released. Whoever waits
    /// is woken to try again, pending or not: the thread whose fault began this never set the bit.
    /// </summary>
    public void Abandon(MemoryRange range, long first, int count)
    {
        for (var page = first; page < first + count; page++)
        {
            range.Table.Publish(page, range.Table.Read(page).In(PageState.Absent));
        }

        _manager.Announce(range, first, count, pending: true);
        Release(range, count);
    }

    /// <summary>
    /// A Busy page's device could not return it. If nobody waits it stays Absent, and whoever touches it later gets a
    /// try of his own. If somebody does, the range says whether the touch ends, with the page poisoned, or sleeps on
    /// until the next try.
    /// </summary>
    public void Fail(MemoryRange range, long page, bool awaited)
    {
        if (!awaited && !range.Table.Read(page).IsPending)
        {
            Abandon(range, page, 1);
        }
        else if (range.ErrorPolicy == ErrorPolicy.Wait)
        {
            range.Table.Publish(page, range.Table.Read(page).In(PageState.Absent));
            _manager.Filler.AddSleeper(range.TokenOf(page));
            _manager.Progress.Signal();
            Release(range, 1);
        }
        else
        {
            Poison(range, page);
            Release(range, 1);
        }
    }

    /// <summary>
    /// Makes touches of a Busy page fail, from the one that waits on. Its frame is kept. Where the kernel cannot do
    /// that (before Linux 6.6) nobody is woken: a thread that waits for ever can be killed, one that faults again and
    /// again takes a core besides.
    /// </summary>
    public void Poison(MemoryRange range, long page)
    {
        var error = range.Memory.Poison(page, 1);
        range.Table.Publish(page, range.Table.Read(page).In(PageState.Poisoned));
        _manager.Announce(range, page, 1, pending: error is Errno.None or Errno.EEXIST);
    }

    /// <summary>A fault may have found no DRAM since these pages had it.</summary>
    private void Release(MemoryRange range, int count)
    {
        _manager.Budget.Release((long)count << range.PageOrder);
        _manager.Filler.ServeFaults();
    }

    private void Install(MemoryRange range, long first, int count, nint source, InstallKind kind)
    {
        // Read once the pages are Busy, so that the checkpoint that froze the range waits for them.
        kind = kind with { Writable = kind.Writable && !range.IsFrozen };
        var done = 0;
        while (done < count)
        {
            var at = source + ((nint)done << range.PageShift);
            var installed = range.Memory.Install(first + done, count - done, at, !kind.Writable, out var error);
            Corruption.Require(
                installed >= 0 && installed <= count - done, "an install reports pages it was asked for");
            PublishInstalled(range, first + done, installed, kind);
            done += installed;
            if (error == Errno.EEXIST && done < count)
            {
                // The page is there already (another host installed it before this one took over): it is at least as
                // new as its frame, and nobody was woken for it.
                PublishInstalled(range, first + done, 1, kind with { Writable = true, IsData = true });
                range.Memory.Wake(first + done, 1);
                done++;
            }
            else if (error != Errno.None)
            {
                range.RecordMemoryError(error);
                Abandon(range, first + done, count - done);
                return;
            }
        }
    }

    private void PublishInstalled(MemoryRange range, long first, int count, InstallKind kind)
    {
        if (count == 0)
        {
            return;
        }

        _manager.Trace?.Filled(range.TokenOf(first), count, kind.Writable, kind.Prefetched);
        var pending = false;
        var unqueued = 0;
        for (var page = first; page < first + count; page++)
        {
            var entry = range.Table.Read(page);
            var published = entry.In(kind.Writable ? PageState.Dirty : PageState.Clean).WithQueued();
            published = kind.IsData ? published.WithData() : published;
            pending |= range.Table.Publish(page, kind.Writable ? published.WithoutFrame() : published);
            if (kind.Writable && entry.HasFrame)
            {
                // Its bytes are in DRAM and may change at any moment: the copy on the device is of no use any more.
                _manager.PutFrames(entry.Frame, range.FramesPerPage);
            }

            unqueued = QueueRun(range, page, entry.IsQueued, unqueued, kind.Prefetched);
        }

        QueueRun(range, first + count, queued: true, unqueued, kind.Prefetched);
        range.Statistics.CountFilled(count, kind.Prefetched ? count : 0);
        if (range.Share.ExcessFrames > 0)
        {
            // Here, since nothing counts before it has come.
            _manager.ReclaimNeeded();
        }

        _manager.Announce(range, first, count, pending);
    }

    /// <summary>
    /// Pushes the run of unqueued pages that ends before <paramref name="page"/> once a queued page
    /// ends it.
    /// </summary>
    private static int QueueRun(MemoryRange range, long page, bool queued, int unqueued, bool prefetched)
    {
        if (!queued)
        {
            return unqueued + 1;
        }

        if (unqueued > 0)
        {
            range.Queue.Push(range.TokenOf(page - unqueued), unqueued, prefetched);
        }

        return 0;
    }

    private readonly record struct InstallKind(bool Writable, bool IsData, bool Prefetched);
}
