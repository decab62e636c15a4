// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <summary>
/// Turns a fault message into a transition of its page. A message only says that a thread waited when it was sent: it
/// may be stale or a duplicate, and the page's entry alone decides what to do.
/// <code>
///                    touch of an absent page          first write to a protected page
///   Absent           Busy, fill                       wake: it was evicted meanwhile, let it fault again
///   Clean, Dirty     wake: somebody filled it         Busy, unprotect, Dirty
///   owned            set pending: the owner wakes     set pending: the owner wakes
///   Poisoned         Busy, poison again, Poisoned     Busy, poison again, Poisoned
/// </code>
/// While a range is frozen a first write waits until it is not.
/// </summary>
/// <remarks>Threads: any. Never waits, never throws, allocates nothing.</remarks>
internal sealed class FaultHandler
{
    // About 200 microseconds: what a batch of evictions takes from the claim of a page until it has been written.
    private const int MutantSpins = 20_000;

    private readonly MemoryManager _manager; // immutable

    internal FaultHandler(MemoryManager manager)
    {
        _manager = manager;
    }

    /// <summary>Handles one message.</summary>
    /// <param name="space">Whose thread faulted.</param>
    /// <param name="address">Where.</param>
    /// <param name="write">Whether it was a write.</param>
    /// <param name="writeProtect">Whether the page was present and write-protected.</param>
    /// <param name="thread">The thread, by its number in the application; 0: unknown.</param>
    /// <param name="alone">Whether no other thread is known to wait behind this one.</param>
    public void Handle(
        AddressSpace space, ulong address, bool write, bool writeProtect, uint thread = 0, bool alone = false)
    {
        var range = space.Find(address);
        if (range is null || !range.Lifetime.TryGet())
        {
            return; // The range is closed or closing; the application must not touch it any more.
        }

        var page = range.PageOf(address);
        _manager.Trace?.Faulted(range.TokenOf(page), write, writeProtect, thread);
        Handle(range, page, write, writeProtect, alone);
        _manager.Leave(range);
    }

    /// <summary>Lets writes through to a clean page before they come; does nothing if it is not clean.</summary>
    public void Unprotect(MemoryRange range, long page)
    {
        var entry = range.Table.Read(page);
        if (entry.State == PageState.Clean)
        {
            TryUnprotect(range, page, entry);
        }
    }

    private void Handle(MemoryRange range, long page, bool write, bool writeProtect, bool alone)
    {
        range.Statistics.CountFault(writeProtect);
        while (true)
        {
            var entry = range.Table.Read(page);
            if (entry.IsOwned)
            {
                if (entry.IsPending || range.Table.TryTransition(page, entry, entry.WithPending()))
                {
                    range.Statistics.CountDuplicate();
                    return;
                }
            }
            else if (entry.State == PageState.Absent && !writeProtect)
            {
                if (range.Table.TryTransition(page, entry, entry.In(PageState.Busy)))
                {
                    _manager.Filler.FillFault(range, page, write, alone);
                    return;
                }
            }
            else if (entry.IsResident && writeProtect)
            {
                if (TryUnprotect(range, page, entry))
                {
                    return;
                }
            }
            else if (entry.State == PageState.Poisoned)
            {
                // The touch should have failed without a message: what made it fail is gone, and is set again.
                if (range.Table.TryTransition(page, entry, entry.In(PageState.Busy)))
                {
                    range.Statistics.CountDuplicate();
                    _manager.Filler.Installer.Poison(range, page);
                    return;
                }
            }
            else
            {
                range.Statistics.CountDuplicate();
                range.Memory.Wake(page, 1);
                return;
            }
        }
    }

    /// <summary>
    /// Lets writes through to a resident page. The page is Busy until the kernel has done so: were it Dirty before, an
    /// eviction could protect and read it first, and lose what is written after our late unprotect.
    /// </summary>
    private bool TryUnprotect(MemoryRange range, long page, PageEntry entry)
    {
        if (_manager.Mutant == Mutant.DirtyBeforeUnprotect)
        {
            return TryUnprotectTooLate(range, page, entry);
        }

        if (!range.Table.TryTransition(page, entry, entry.In(PageState.Busy)))
        {
            return false;
        }

        if (range.IsFrozen)
        {
            // A checkpoint takes its cut: the thread sleeps on, and the thaw wakes it to fault again.
            var others = range.Table.Publish(page, range.Table.Read(page).In(entry.State));
            _manager.Announce(range, page, 1, others);
            return true;
        }

        var step = 1;
        var ahead = 0;
        if (entry.State == PageState.Clean)
        {
            range.Streams.OnFirstWrite(page);
            ahead = range.WriteRuns.OnFirstWrite(page, range.Advice, out step);
        }

        // The thread that waits goes on meanwhile.
        LetThrough(range, page, 1);
        UnprotectBehind(range, page, step, ahead);
        return true;
    }

    /// <summary>Lets writes through to the clean pages behind one, as far as they lie together.</summary>
    private void UnprotectBehind(MemoryRange range, long page, int step, int countMax)
    {
        var count = 0;
        for (; count < countMax; count++)
        {
            var next = page + (step * (count + 1L));
            var entry = next < 0 || next >= range.PageCount ? default : range.Table.Read(next);
            if (entry.State != PageState.Clean || !range.Table.TryTransition(next, entry, entry.In(PageState.Busy)))
            {
                break;
            }
        }

        if (count == 0)
        {
            return;
        }

        var first = step > 0 ? page + 1 : page - count;
        if (!range.IsFrozen)
        {
            LetThrough(range, first, count);
            return;
        }

        // A checkpoint began to take its cut before all of them were Busy.
        var pending = false;
        for (var at = first; at < first + count; at++)
        {
            pending |= range.Table.Publish(at, range.Table.Read(at).In(PageState.Clean));
        }

        _manager.Announce(range, first, count, pending);
    }

    /// <summary>Unprotects neighbours that are Busy, and publishes them as newer than their frames.</summary>
    private void LetThrough(MemoryRange range, long first, int count)
    {
        // Dirty is always safe. Without success nobody was woken by the kernel: whoever is still there tries again.
        var error = range.Memory.Protect(first, count, writeProtected: false);
        var pending = error != Errno.None;
        for (var page = first; page < first + count; page++)
        {
            var entry = range.Table.Read(page);
            pending |= range.Table.Publish(page, entry.In(PageState.Dirty).WithoutFrame());
            FreeFrame(range, entry);
        }

        _manager.Announce(range, first, count, pending);
    }

    private bool TryUnprotectTooLate(MemoryRange range, long page, PageEntry entry)
    {
        if (!range.Table.TryTransition(page, entry, entry.In(PageState.Dirty).WithoutFrame()))
        {
            return false;
        }

        // A few hundred nanoseconds wide by nature, which no minute of hammering meets: an eviction has to claim,
        // protect and read in between, and reclaim leaves pages alone that have just come. As long as a batch takes, it
        // is met within seconds. Reclaim's thread has to be the one that evicts: this one cannot meet itself.
        _manager.ReclaimNeeded();
        Thread.SpinWait(MutantSpins);
        range.Memory.Protect(page, 1, writeProtected: false);
        FreeFrame(range, entry);
        return true;
    }

    /// <summary>The page is newer than its frame from now on.</summary>
    private void FreeFrame(MemoryRange range, PageEntry entry)
    {
        if (entry.HasFrame)
        {
            _manager.PutFrames(entry.Frame, range.FramesPerPage);
        }
    }
}
