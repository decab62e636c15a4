// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Core.Policies;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <summary>
/// Brings pages into DRAM: the touched page first, then the neighbours that the prefetch policy names. Zero pages and
/// coherent memory are installed on the spot; everything else is read by its driver and installed when it completes.
/// No step waits: a fault without DRAM or buffer goes to the waiters, and whoever frees either serves them.
/// </summary>
/// <remarks>
/// Threads: any. Allocates nothing.
/// Invariant: a page that this class works on is Busy, and its DRAM is reserved, or it is in <see cref="Waiters"/>.
/// </remarks>
internal sealed unsafe partial class Filler : IDisposable
{
    // 256 KiB a copy: at 1 GB/s a device needs 250 us for it, a hundred times its per-request cost, and four of them
    // still fit the smallest budget. Larger pages are copied one at a time.
    private const int RunFramesMax = 64;

    // 64 copies in flight keep any disk's queue full, of single pages too; prefetch leaves the last of them to faults.
    private const int SlotCount = 64;
    private const int FaultSlots = 16;

    // As many as are ever installed at once: the largest page.
    private const int ZeroBytes = CopyBatch.FramesMax << Pfn.Shift;

    // The first window of a stream.
    private const int InlinePagesMax = 4;

    private readonly MemoryManager _manager; // immutable
    private readonly CopySlots<FillOperation> _slots; // immutable
    private readonly void* _zeroAllocation; // immutable
    private readonly nint _zeros; // immutable
    private readonly List<StarvedPage> _starved = []; // Guarded by: itself
    private readonly List<PageToken> _sleepers = []; // Guarded by: itself
    private int _starvedCount; // Guarded by: _starved for writers, atomic for readers
    private int _serveRequests; // Guarded by: atomic
    private int _inFlight; // Guarded by: atomic
    private long _overdrawnFrames; // Guarded by: atomic

    internal Filler(MemoryManager manager)
    {
        _manager = manager;
        Installer = new PageInstaller(manager);
        _slots = new CopySlots<FillOperation>(
            RunFramesMax << Pfn.Shift, SlotCount, (slot, buffers) => new FillOperation(this, slot, buffers));

        // Safe because only the aligned inner part is used, and only read. Fresh zeroed memory of this size is the
        // kernel's shared zero page: it costs no DRAM.
        _zeroAllocation = NativeMemory.AllocZeroed(ZeroBytes + BufferArena.AlignmentBytes);
        _zeros = ((nint)_zeroAllocation + BufferArena.AlignmentBytes - 1) & ~(nint)(BufferArena.AlignmentBytes - 1);
    }

    /// <summary>Where its copies go through.</summary>
    public CopyBuffers Buffers => _slots.Buffers;

    /// <summary>The tick that copies handed over now are marked with.</summary>
    internal long Now => _manager.Deadlines.Now;

    /// <summary>The last step of fills.</summary>
    public PageInstaller Installer { get; }

    /// <summary>Faults that wait for DRAM or a buffer.</summary>
    public DramWaiters Waiters { get; } = new();

    /// <summary>Copies that are with a device: their pages hold DRAM and cannot leave yet.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Frames that pages were brought into beyond the budget since the start.</summary>
    public long OverdrawnFrames => Volatile.Read(ref _overdrawnFrames);

    /// <summary>Whether prefetch could start another copy.</summary>
    public bool HasFreeBuffer => _slots.FreeCount > FaultSlots;

    /// <summary>How many pages fail for want of DRAM.</summary>
    public int StarvedCount => Volatile.Read(ref _starvedCount);

    /// <summary>
    /// The DRAM, in frames, that the fault needs that is served next, or the page that failed for want of it; 0: none.
    /// </summary>
    public int NeededFrames
    {
        get
        {
            var frames = Waiters.OldestFrames;
            if (frames > 0 || StarvedCount == 0)
            {
                return frames;
            }

            lock (_starved)
            {
                return _starved.Count == 0 ? 0 : _starved[^1].Frames;
            }
        }
    }

    /// <summary>Whether a page fails for want of DRAM, and not since its device could not return it.</summary>
    public bool IsStarved(PageToken token)
    {
        lock (_starved)
        {
            return _starved.Exists(starved => starved.Token == token);
        }
    }

    /// <summary>The most pages of one copy.</summary>
    public static int PagesMax(MemoryRange range) => Math.Max(1, RunFramesMax >> range.PageOrder);

    /// <summary>
    /// What a page that nobody waits for leaves free; less if it is nearly as large as the budget.
    /// </summary>
    public static long ReserveOf(DramBudget budget, MemoryRange range) =>
        Math.Min(budget.PrefetchReserve, budget.Limit - range.FramesPerPage);

    /// <summary>
    /// Fills a page that was touched and that the caller moved to Busy, and what the policy wants
    /// with it.
    /// </summary>
    /// <param name="range">Whose page.</param>
    /// <param name="page">The page.</param>
    /// <param name="write">Whether it was written to.</param>
    /// <param name="alone">Whether its thread is the only one that is known to wait.</param>
    public void FillFault(MemoryRange range, long page, bool write, bool alone)
    {
        var plan = range.Streams.OnFault(page, write, range.Advice);
        if (alone && plan.Count == 0)
        {
            // A stream does not wait for its pages, and what leaves for it can leave meanwhile.
            _manager.Evictor.StepDirectly();
        }

        if (!TryReserveAndFill(range, page, write, ref plan))
        {
            Wait(range, page, write);
        }

        BringAlong(range, in plan);
    }

    /// <summary>Brings what the policy wants with a touched page.</summary>
    internal void BringAlong(MemoryRange range, in FillPlan plan)
    {
        if (plan.Count == 0)
        {
            return;
        }

        if (plan.Count > InlinePagesMax || plan.Stride != 1)
        {
            _manager.Prefetcher.Add(range, in plan);
            return;
        }

        // A handful of pages costs less than waking a thread for them.
        var end = Math.Min(plan.First + plan.Count, range.PageCount);
        var stopped = Prefetch(range, plan.First, end - plan.First, plan.ExpectWrite);
        if (stopped < end)
        {
            range.Streams.OnFillCut(stopped);
        }
    }

    /// <summary>
    /// Fills the absent pages of a span, skipping the others, as long as DRAM lasts: what is brought along
    /// never makes a fault wait.
    /// </summary>
    /// <returns>The page where it stopped.</returns>
    public long Prefetch(MemoryRange range, long first, long count, bool writable)
    {
        var end = Math.Min(first + count, range.PageCount);
        if (_manager.Budget.IsWindowed)
        {
            return end; // What is brought ahead would be touched unseen.
        }

        var page = first;
        while (page < end)
        {
            if (Waiters.Count > 0)
            {
                return page; // What is free is for those who wait.
            }

            var claimed = Claim(range, page, (int)Math.Min(end - page, PagesMax(range)), out var outOfMemory);
            var filled = claimed == 0 ? 0 : Fill(range, page, claimed, writable, awaited: false);
            if (filled < claimed)
            {
                Installer.Abandon(range, page + filled, claimed - filled);
                return page + filled;
            }

            page += claimed;
            if (outOfMemory || _manager.Budget.IsBelowLow)
            {
                _manager.ReclaimNeeded();
            }

            if (outOfMemory)
            {
                return page;
            }

            // A page that is not absent, or that somebody else just took, ends the claim and is passed over.
            page += claimed == 0 ? 1 : 0;
        }

        return end;
    }

    /// <summary>
    /// Brings an absent page and those behind it that live in the same page map into DRAM as dirty, which frees their
    /// frames.
    /// </summary>
    /// <returns>How many were taken care of.</returns>
    public int BringBack(MemoryRange range, long first, PageMap map, out bool outOfMemory)
    {
        var countMax = 0;
        while (countMax < PagesMax(range) && first + countMax < range.PageCount)
        {
            var entry = range.Table.Read(first + countMax);
            if (entry.State != PageState.Absent || !entry.HasFrame || !map.Contains(entry.Frame))
            {
                break;
            }

            countMax++;
        }

        var claimed = Claim(range, first, countMax, out outOfMemory);
        var filled = claimed == 0 ? 0 : Fill(range, first, claimed, writable: true, awaited: false);
        if (filled < claimed)
        {
            Installer.Abandon(range, first + filled, claimed - filled);
            outOfMemory = true; // Of buffers: the same wait ends it.
        }

        return filled;
    }

    /// <summary>Drops what a poisoned page's frame holds and fills the page from what stands behind it.</summary>
    /// <returns>False: it is not poisoned any more.</returns>
    public bool TryRefill(MemoryRange range, long page)
    {
        var entry = range.Table.Read(page);
        if (entry.State != PageState.Poisoned
            || !range.Table.TryTransition(page, entry, entry.In(PageState.Busy).WithoutFrame()))
        {
            return false;
        }

        if (entry.HasFrame)
        {
            _manager.PutFrames(entry.Frame, range.FramesPerPage);
        }

        if (!TryReserveAndFill(range, page, writable: false))
        {
            Wait(range, page, write: false);
        }

        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _slots.Dispose();
        NativeMemory.Free(_zeroAllocation);
    }

    /// <summary>Ends copies that were handed over at a tick or before; returns how many.</summary>
    internal int Expire(long tick) => _slots.Expire(tick);

    /// <summary>A device has completed a copy that was given up, and its buffers can be used again.</summary>
    internal void TakeBack(in SlotBuffers buffers) => _slots.TakeBack(in buffers);

    /// <summary>A copy is over.</summary>
    /// <param name="slot">Its slot.</param>
    /// <param name="range">Whose pages they were; its reference ends here.</param>
    /// <param name="expired">Whether the device still has the buffer: the slot goes on with another.</param>
    internal void Finish(int slot, MemoryRange range, bool expired)
    {
        _slots.Return(slot, expired);
        _manager.Evictor.CountFilled();
        Interlocked.Decrement(ref _inFlight);
        _manager.Leave(range);
        _manager.Progress.Signal();
        ServeWaiters();
    }

    private bool TryReserveAndFill(MemoryRange range, long page, bool writable)
    {
        var nothing = FillPlan.PageOnly;
        return TryReserveAndFill(range, page, writable, ref nothing);
    }

    /// <summary>
    /// Fills a Busy page, if there is DRAM and a buffer for it. A <paramref name="plan"/> that waits for the page goes
    /// with the copy, and is empty after that.
    /// </summary>
    private bool TryReserveAndFill(MemoryRange range, long page, bool writable, ref FillPlan plan)
    {
        if (!_manager.Budget.TryReserve(range.FramesPerPage))
        {
            return false;
        }

        if (Fill(range, page, 1, writable, awaited: true, ref plan) == 0)
        {
            _manager.Budget.Release(range.FramesPerPage);
            return false;
        }

        if (_manager.Budget.IsBelowLow)
        {
            _manager.ReclaimNeeded();
        }

        return true;
    }

    private int Fill(MemoryRange range, long first, int count, bool writable, bool awaited)
    {
        var nothing = FillPlan.PageOnly;
        return Fill(range, first, count, writable, awaited, ref nothing);
    }

    /// <summary>
    /// Fills Busy pages whose DRAM is reserved, from whatever holds their bytes.
    /// </summary>
    /// <returns>How many were taken care of; the rest, for which no buffer is free, are still the caller's.</returns>
    private int Fill(MemoryRange range, long first, int count, bool writable, bool awaited, ref FillPlan plan)
    {
        var done = 0;
        while (done < count)
        {
            var page = first + done;
            var remaining = count - done;
            if (!range.TryFrameOf(page, range.Table.Read(page), out var frame))
            {
                // A page of zeros is installed writable even for a read: fresh memory is nearly always written next,
                // and one that stays zero is recognized when it is evicted.
                var zeros = CountZeros(range, page, remaining);
                Interlocked.Increment(ref _inFlight);
                Installer.InstallZeros(range, page, zeros, _zeros, written: writable, prefetched: !awaited);
                EndInline();
                done += zeros;
                continue;
            }

            var map = _manager.PageMapOf(frame);
            var address = map.CpuAddress(frame);
            var taken = address != 0
                ? FillMapped(
                    range, page, CountNeighbours(range, page, remaining, map, frame), address, writable, awaited)
                : FillFromDevice(range, page, remaining, map, writable, awaited, ref plan);
            if (taken == 0)
            {
                return done;
            }

            done += taken;
        }

        return done;
    }

    private int FillMapped(MemoryRange range, long page, int count, nint address, bool writable, bool awaited)
    {
        Interlocked.Increment(ref _inFlight);
        Installer.Install(range, page, count, address, writable, prefetched: !awaited);
        EndInline();
        return count;
    }

    /// <summary>
    /// Ends what was installed on the spot. It was under way meanwhile: a large page takes a millisecond, and reclaim
    /// must not take a queue whose pages are all being installed for one that nothing can leave.
    /// </summary>
    private void EndInline()
    {
        _manager.Evictor.CountFilled();
        Interlocked.Decrement(ref _inFlight);
        _manager.Progress.Signal();
    }

    private int FillFromDevice(
        MemoryRange range, long page, int count, PageMap map, bool writable, bool awaited, ref FillPlan plan)
    {
        if (!range.Lifetime.TryGet())
        {
            Installer.Abandon(range, page, count);
            return count;
        }

        var operation = awaited || HasFreeBuffer ? _slots.TryRent() : null;
        if (operation is null)
        {
            _manager.Leave(range);
            return 0;
        }

        // Not before the slot: an operation that expires marks its device, and then gives its slot back.
        if (map.Copies.IsSilent)
        {
            _slots.Return(operation.Slot);
            FailAll(range, page, count, awaited);
            _manager.Leave(range);
            return count;
        }

        Interlocked.Increment(ref _inFlight);
        var later = FillPlan.PageOnly;
        if (plan.IsBehindWindow)
        {
            (later, plan) = (plan, FillPlan.PageOnly);
        }

        return operation.Start(range, page, count, map, writable, awaited, in later);
    }

    /// <summary>A silent device is not asked for more.</summary>
    private void FailAll(MemoryRange range, long first, int count, bool awaited)
    {
        range.Statistics.CountErrors(count);
        for (var page = first; page < first + count; page++)
        {
            Installer.Fail(range, page, awaited && page == first);
        }
    }

    /// <summary>Moves neighbouring absent pages to Busy and reserves their DRAM.</summary>
    private int Claim(MemoryRange range, long first, int countMax, out bool outOfMemory)
    {
        outOfMemory = false;
        var claimed = 0;
        while (claimed < countMax)
        {
            var entry = range.Table.Read(first + claimed);
            if (entry.State != PageState.Absent)
            {
                return claimed;
            }

            if (!range.Share.HasRoom
                || !_manager.Budget.TryReserve(range.FramesPerPage, ReserveOf(_manager.Budget, range)))
            {
                outOfMemory = true;
                return claimed;
            }

            if (!range.Table.TryTransition(first + claimed, entry, entry.In(PageState.Busy)))
            {
                _manager.Budget.Release(range.FramesPerPage);
                ServeFaults();
                return claimed;
            }

            claimed++;
        }

        return claimed;
    }

    private static int CountZeros(MemoryRange range, long first, int countMax)
    {
        var limit = Math.Min(countMax, CopyBatch.FramesMax >> range.PageOrder);
        var count = 1;
        while (count < limit && !range.TryFrameOf(first + count, range.Table.Read(first + count), out _))
        {
            count++;
        }

        return count;
    }

    private static int CountNeighbours(MemoryRange range, long first, int countMax, PageMap map, Pfn frame)
    {
        var count = 1;
        while (count < countMax
            && range.TryFrameOf(first + count, range.Table.Read(first + count), out var next)
            && next == frame + ((long)count << range.PageOrder)
            && map.Contains(next))
        {
            count++;
        }

        return count;
    }
}
