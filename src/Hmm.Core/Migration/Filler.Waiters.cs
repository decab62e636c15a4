// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <content>
/// Faults that find no DRAM or buffer. They wait here, oldest first, and whoever frees either serves them. Where
/// nothing can leave, a page that gives back what it takes changes places with another; the rest fail, and whoever
/// frees DRAM after that makes them whole.
/// </content>
internal sealed unsafe partial class Filler
{
    /// <summary>
    /// DRAM or a buffer was freed: serves faults that wait, oldest first, while it lasts, then fills pages whose fault
    /// failed for want of it, and then lets prefetch have what is left.
    /// </summary>
    public void ServeWaiters()
    {
        ServeFaults();
        _manager.Prefetcher.OnFreed();
    }

    /// <summary>
    /// With every device full, nothing dirty can leave until something that is on one comes back: brings in one page
    /// that somebody waits for, beyond the budget, so that another can take its place. Pages that exist can be used so,
    /// however full everything is; only new ones cannot be made.
    /// </summary>
    /// <returns>False: no such page waits, or those before it have not found anyone to change places with.</returns>
    public bool TryExchange()
    {
        if (!Waiters.TryTakeBacked(out var waiter))
        {
            return false;
        }

        // Writable even for a read, which frees its frame at once: were it clean, it would be the one to leave.
        var range = waiter.Range;
        var writable = waiter.Write || range.Table.Read(waiter.Page).HasFrame;
        if (_manager.Budget.TryOverdraw(range.FramesPerPage))
        {
            if (Fill(range, waiter.Page, 1, writable, awaited: true) > 0)
            {
                Interlocked.Add(ref _overdrawnFrames, range.FramesPerPage);
                _manager.Leave(range);
                return true;
            }

            _manager.Budget.Release(range.FramesPerPage);
        }

        // Whoever freed DRAM while it was out saw nobody wait.
        _manager.RacePoint?.Invoke();
        Waiters.Return(waiter);
        ServeWaiters();
        DropIfClosing(range);
        return false;
    }

    /// <summary>
    /// Ends the wait of every fault with an error, since nothing in DRAM can leave and nothing will by itself. Their
    /// bytes are where they were; once DRAM is free again the pages are as before.
    /// </summary>
    /// <returns>How many there were.</returns>
    public int FailWaiters()
    {
        // No more than there are now: whoever faults meanwhile has not waited yet. And none that an exchange can serve,
        // or whose range rather waits than fails.
        var failed = 0;
        for (var left = Waiters.Count; left > 0 && Waiters.TryTake(out var waiter); left--)
        {
            var waits = waiter.Range.ErrorPolicy == ErrorPolicy.Wait
                || (waiter.IsBacked && _manager.Budget.CanOverdraw(waiter.Range.FramesPerPage));
            if (waits && Waiters.TryAdd(waiter.Range, waiter.Page, waiter.Write))
            {
                DropIfClosing(waiter.Range);
                continue;
            }

            Installer.Poison(waiter.Range, waiter.Page);
            AddStarved(waiter.Range, waiter.Page);
            _manager.Leave(waiter.Range);
            failed++;
        }

        // Whoever freed DRAM while one that waits on was out saw nobody wait.
        ServeWaiters();
        return failed;
    }

    /// <summary>Ends the wait of a closing range's faults: their pages are Absent again.</summary>
    public void DropWaitersOf(MemoryRange range)
    {
        while (Waiters.TryTakeOf(range, out var waiter))
        {
            range.Table.Publish(waiter.Page, range.Table.Read(waiter.Page).In(PageState.Absent));
            _manager.Announce(range, waiter.Page, 1, pending: true);
            _manager.Leave(range);
        }
    }

    /// <summary>Leaves the threads that wait for a page asleep until the next try.</summary>
    public void AddSleeper(PageToken token)
    {
        lock (_sleepers)
        {
            if (!_sleepers.Contains(token))
            {
                _sleepers.Add(token);
            }
        }
    }

    /// <summary>How many pages threads sleep for until the next try.</summary>
    public int SleeperCount
    {
        get
        {
            lock (_sleepers)
            {
                return _sleepers.Count;
            }
        }
    }

    /// <summary>Whether a page could not be read, and its next try is yet to come.</summary>
    public bool IsAsleep(PageToken token)
    {
        lock (_sleepers)
        {
            return _sleepers.Contains(token);
        }
    }

    /// <summary>
    /// Wakes threads that sleep since their page could not be read; they fault again, and so it is tried again.
    /// </summary>
    /// <param name="only">Those of one range; null: all.</param>
    public void WakeSleepers(MemoryRange? only = null)
    {
        if (SleeperCount == 0)
        {
            return;
        }

        foreach (var token in TakeSleepers(only?.Id))
        {
            if (_manager.Ranges.TryAcquire(token.RangeId, out var range))
            {
                range.Memory.Wake(token.Page, 1);
                _manager.Leave(range);
            }
        }

        _manager.Progress.Signal();
    }

    private PageToken[] TakeSleepers(uint? rangeId)
    {
        lock (_sleepers)
        {
            PageToken[] tokens = [.. _sleepers.Where(token => rangeId is null || token.RangeId == rangeId)];
            _sleepers.RemoveAll(token => rangeId is null || token.RangeId == rangeId);
            return tokens;
        }
    }

    /// <summary>DRAM was freed while prefetch goes on anyway, or comes to rest by itself.</summary>
    internal void ServeFaults()
    {
        // In this order: whoever serves may have the only waiter out, and find no DRAM for it just before this thread
        // freed some. Were only the count looked at, the waiter would be put back to wait for nobody.
        var isServed = Volatile.Read(ref _serveRequests) != 0 && _manager.Mutant != Mutant.ForgetServedWaiter;
        if (!isServed && Waiters.Count == 0 && StarvedCount == 0)
        {
            return;
        }

        if (Interlocked.Increment(ref _serveRequests) != 1)
        {
            // Somebody serves already, perhaps this very thread further up: it looks again before it leaves.
            return;
        }

        int requests;
        do
        {
            requests = Volatile.Read(ref _serveRequests);
            while (TryServeOldest() || TryHealStarved())
            {
            }
        }
        while (Interlocked.Add(ref _serveRequests, -requests) != 0);
    }

    private void AddStarved(MemoryRange range, long page)
    {
        lock (_starved)
        {
            _starved.Add(new StarvedPage(range.TokenOf(page), range.FramesPerPage));
            Volatile.Write(ref _starvedCount, _starved.Count);
        }
    }

    /// <summary>
    /// Fills a page whose fault failed for want of DRAM, which alone lifts the error from it, if there is some that
    /// nobody waits for. Only whoever serves calls it.
    /// </summary>
    private bool TryHealStarved()
    {
        if (Waiters.Count > 0 || StarvedCount == 0 || _manager.Mutant == Mutant.ForgetStarved)
        {
            return false;
        }

        StarvedPage starved;
        lock (_starved)
        {
            starved = _starved[^1];
        }

        if (_manager.Ranges.TryAcquire(starved.Token.RangeId, out var range))
        {
            var healed = TryHeal(range, starved.Token.Page);
            _manager.Leave(range);
            if (!healed)
            {
                // While nothing can leave, whoever reclaims looks again by itself.
                if (!_manager.Evictor.IsStuck)
                {
                    _manager.ReclaimNeeded();
                }

                return false;
            }
        }

        // Not before: until then it is said to fail for want of DRAM, and not since it is lost.
        lock (_starved)
        {
            _starved.RemoveAt(_starved.LastIndexOf(starved));
            Volatile.Write(ref _starvedCount, _starved.Count);
        }

        return true;
    }

    /// <summary>
    /// Fills a poisoned page from its frame. False: there is no DRAM or buffer, and it stays poisoned.
    /// </summary>
    private bool TryHeal(MemoryRange range, long page)
    {
        var entry = range.Table.Read(page);
        if (entry.State != PageState.Poisoned || !range.Table.TryTransition(page, entry, entry.In(PageState.Busy)))
        {
            return true; // Somebody dropped it, and so healed it.
        }

        if (TryReserveAndFill(range, page, writable: false))
        {
            return true;
        }

        range.Table.Publish(page, range.Table.Read(page).In(PageState.Poisoned));
        _manager.Announce(range, page, 1, pending: true);
        return false;
    }

    private void Wait(MemoryRange range, long page, bool write)
    {
        range.Statistics.CountWait();
        var held = range.Lifetime.TryGet();
        _manager.RacePoint?.Invoke();
        if (!held || !Waiters.TryAdd(range, page, write))
        {
            if (held)
            {
                _manager.Leave(range);
            }

            range.Table.Publish(page, range.Table.Read(page).In(PageState.Absent));
            _manager.Announce(range, page, 1, pending: true);
            return;
        }

        // In this order: DRAM that was freed before the waiter was added found nobody to serve.
        _manager.ReclaimNeeded();
        if (_manager.Mutant != Mutant.WaitWithoutLookingAgain)
        {
            ServeWaiters();
        }

        DropIfClosing(range);
    }

    /// <summary>
    /// Whoever closes a range drops its waiters once. One that was added, or put back, after that would keep the range
    /// open until there is DRAM: whoever did so looks again.
    /// </summary>
    private void DropIfClosing(MemoryRange range)
    {
        if (range.Lifetime.IsDying)
        {
            DropWaitersOf(range);
        }
    }

    private bool TryServeOldest()
    {
        if (!Waiters.TryTake(out var waiter))
        {
            return false;
        }

        _manager.RacePoint?.Invoke();
        if (!TryReserveAndFill(waiter.Range, waiter.Page, waiter.Write))
        {
            // While it was out, reclaim did not know of it, and may have come to rest with too little DRAM for it.
            _manager.RacePoint?.Invoke();
            Waiters.Return(waiter);
            _manager.ReclaimNeeded();
            DropIfClosing(waiter.Range);
            return false;
        }

        _manager.Leave(waiter.Range);
        return true;
    }

    private readonly record struct StarvedPage(PageToken Token, int Frames);
}
