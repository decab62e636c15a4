// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Core.Policies;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <summary>
/// Sends pages out of DRAM, as the policy names them, in batches: clean ones are punched out in runs, dirty ones
/// gathered into operations that their device completes later. One step never waits; the thread that runs the steps
/// decides what to do between them.
/// </summary>
/// <remarks>
/// As in Linux there is background reclaim, a thread of the host that steps from the low watermark to the high one, and
/// direct reclaim, one batch on the thread that is about to serve a fault. What it unmaps costs the application little,
/// since the thread that touched the page sleeps.
/// Threads: <see cref="Step"/> from one thread (the host's reclaim thread), <see cref="StepDirectly"/>, write-backs and
/// completions from any.
/// Invariant: a page that a step or an operation works on is Evicting.
/// </remarks>
internal sealed partial class Evictor : IDisposable
{
    // So many pages leave before those who wait for DRAM are served; 256 tokens are 2 KiB of stack. The least batch
    // keeps a tiny budget from evicting page by page.
    private const int BatchPagesMax = 256;
    private const int BatchFramesMin = 16;

    private const int SlotCount = CopyBatch.EvictionsMax;

    private readonly MemoryManager _manager; // immutable
    private readonly CopySlots<EvictOperation> _slots; // immutable
    private readonly VictimQueues _queues; // immutable
    private long _inFlightFrames; // Guarded by: atomic
    private long _leavingFrames; // Guarded by: atomic
    private long _freedFrames; // Guarded by: atomic
    private long _fruitless; // Guarded by: atomic
    private long _wantedFrames; // Guarded by: atomic
    private long _framesPerPage = 1; // Guarded by: the step under way, atomic for readers; of the batch before
    private bool _stuck; // Guarded by: atomic
    private bool _stepping; // Guarded by: atomic

    internal Evictor(MemoryManager manager)
    {
        _manager = manager;
        _queues = new VictimQueues(manager);
        _slots = new CopySlots<EvictOperation>(
            EvictOperation.PageFramesMax << Pfn.Shift, SlotCount,
            (slot, buffers) => new EvictOperation(this, manager, slot, buffers));
    }

    /// <summary>Where its copies go through.</summary>
    public CopyBuffers Buffers => _slots.Buffers;

    /// <summary>Frames that are being written to a device.</summary>
    public long InFlightFrames => Volatile.Read(ref _inFlightFrames);

    /// <summary>How many frames have left DRAM since the start.</summary>
    public long FreedFrames => Volatile.Read(ref _freedFrames);

    /// <summary>Whether the last turn of the queue freed nothing and nothing is under way.</summary>
    public bool IsStuck => Volatile.Read(ref _stuck);

    /// <summary>Whether as many tokens as there are were looked at since a page last left.</summary>
    private bool IsTurnFruitless => Volatile.Read(ref _fruitless) > _queues.Count;

    /// <summary>Whether pages may yet leave, or come and then leave, without another step.</summary>
    private bool IsAnythingUnderWay => InFlightFrames > 0 || _manager.Filler.InFlight > 0;

    /// <summary>Evicts one batch if DRAM is short.</summary>
    public ReclaimOutcome Step()
    {
        if (!TryBeginStep())
        {
            return ReclaimOutcome.WaitForProgress; // The end of the other step is progress, too.
        }

        var budget = _manager.Budget;
        var target = Math.Max(budget.HighWatermark, _manager.Filler.NeededFrames);
        target = Math.Max(target, Volatile.Read(ref _wantedFrames));
        var outcome = EvictNext(target - budget.Free - Volatile.Read(ref _leavingFrames));
        EndStep();
        return outcome;
    }

    /// <summary>
    /// Evicts a batch of at most <see cref="DramBudget.DirectFrames"/>, or one page, if little DRAM is free and no
    /// other step is under way.
    /// </summary>
    public void StepDirectly()
    {
        var budget = _manager.Budget;
        var free = budget.Free + Volatile.Read(ref _leavingFrames);
        if (free >= budget.DirectWatermark || IsTurnFruitless || !TryBeginStep())
        {
            return;
        }

        var wanted = budget.HighWatermark - free;
        if (_queues.Choose(wanted, out wanted) is { } queue && TryBegin(keepResident: false) is { } operation)
        {
            EvictBatch(queue, Math.Min(wanted, DramBudget.DirectFrames), operation);
        }

        EndStep();
        _manager.Progress.Signal();
    }

    /// <summary>
    /// Writes the dirty pages of a span to their home frames, or to new frames of their store, and leaves them in DRAM.
    /// Returns when the writes are under way; each page is Evicting until its write is complete.
    /// </summary>
    /// <returns>
    /// The page where it stopped, for want of a buffer or since somebody works on that page, or the end.
    /// </returns>
    public long WriteBack(MemoryRange range, long first, long end)
    {
        EvictOperation? operation = null;
        var page = range.Table.NextTouchedChunk(first);
        while (page < end)
        {
            var entry = range.Table.Read(page);
            if (entry.IsOwned)
            {
                // It may have been dirty before, and may be so again without having been written.
                break;
            }

            if (entry.State == PageState.Dirty)
            {
                operation ??= TryBegin(keepResident: true);
                if (operation is null)
                {
                    break;
                }

                if (!range.Table.TryTransition(page, entry, entry.In(PageState.Evicting)))
                {
                    continue;
                }

                if (!TryTake(operation, range, page))
                {
                    StartOrReturn(operation);
                    operation = null;
                    continue;
                }
            }

            page = (page + 1) % PageTable.ChunkPages == 0 ? range.Table.NextTouchedChunk(page + 1) : page + 1;
        }

        StartOrReturn(operation);
        return Math.Min(page, end);
    }

    /// <summary>
    /// Frees as many frames for somebody who does not wait in a fault: a removal that brings back pages larger than
    /// what reclaim keeps free. 0: nobody needs more any longer.
    /// </summary>
    public void Want(long frames) => Volatile.Write(ref _wantedFrames, frames);

    /// <inheritdoc/>
    public void Dispose() => _slots.Dispose();

    internal void CountFreed(MemoryRange range, int pages)
    {
        Volatile.Write(ref _fruitless, 0);
        Volatile.Write(ref _stuck, false);
        Interlocked.Add(ref _freedFrames, (long)pages << range.PageOrder);
        range.Statistics.CountEvicted(pages);
        range.Share.EndLeave(pages);
        _manager.Budget.Release((long)pages << range.PageOrder);
    }

    /// <summary>A page came in: it can leave again, and its frame may be another's.</summary>
    internal void CountFilled()
    {
        Volatile.Write(ref _fruitless, 0);
        Volatile.Write(ref _stuck, false);
    }

    internal void CountFruitless(MemoryRange range, int pages)
    {
        range.Share.EndLeave(pages);
        Interlocked.Add(ref _fruitless, pages);
    }

    /// <summary>Ends copies that were handed over at a tick or before; returns how many.</summary>
    internal int Expire(long tick) => _slots.Expire(tick);

    /// <summary>A device has completed a copy that was given up, and its buffers can be used again.</summary>
    internal void TakeBack(in SlotBuffers buffers) => _slots.TakeBack(in buffers);

    /// <summary>An operation is over; if its device still has the buffer, its slot goes on with another.</summary>
    internal void Finish(EvictOperation operation, int frames, bool expired)
    {
        Interlocked.Add(ref _inFlightFrames, -frames);
        Interlocked.Add(ref _leavingFrames, operation.KeepsResident ? 0 : -frames);
        _slots.Return(operation.Slot, expired);
        _manager.Progress.Signal();
        _manager.Filler.ServeWaiters();
        // Not while stuck: an operation that freed nothing would ask for the next one, which frees nothing, and so on.
        if (!IsStuck
            && (_manager.Budget.IsBelowLow || _manager.Filler.Waiters.Count > 0 || _manager.Shares.IsAnyExceeded))
        {
            _manager.ReclaimNeeded();
        }
    }

    private bool TryBeginStep() => !Interlocked.Exchange(ref _stepping, true);

    private void EndStep() => Volatile.Write(ref _stepping, false);

    private ReclaimOutcome EvictNext(long wantedFrames)
    {
        var queue = _queues.Choose(wantedFrames, out var wanted);
        if (queue is null)
        {
            return ReclaimOutcome.Enough;
        }

        if (IsTurnFruitless && IsAnythingUnderWay)
        {
            // Before the batch: each page that it could not move would count as news, and the wait be no wait.
            return ReclaimOutcome.WaitForProgress;
        }

        var operation = TryBegin(keepResident: false);
        if (operation is null)
        {
            return ReclaimOutcome.WaitForProgress;
        }

        // Judged before the batch, too: where every write fails, there is always one under way after it.
        var wasStuck = IsTurnFruitless && !IsAnythingUnderWay;
        var count = EvictBatch(queue, wanted, operation);
        if (!IsTurnFruitless && count > 0)
        {
            return ReclaimOutcome.Progress;
        }

        if (!wasStuck && IsAnythingUnderWay)
        {
            return ReclaimOutcome.WaitForProgress;
        }

        if (_manager.Filler.TryExchange())
        {
            return ReclaimOutcome.Progress;
        }

        Volatile.Write(ref _stuck, true);
        _manager.Progress.Signal();
        return ReclaimOutcome.Stuck;
    }

    /// <summary>Sends out the next pages of a queue; returns how many it has looked at.</summary>
    /// <param name="queue">Whose.</param>
    /// <param name="frames">How many frames are to leave.</param>
    /// <param name="operation">Where dirty pages go.</param>
    private int EvictBatch(ResidentQueue queue, long frames, EvictOperation operation)
    {
        frames = Math.Max(frames, BatchFramesMin);
        Span<ulong> tokens = stackalloc ulong[BatchPagesMax];
        tokens = tokens[..(int)Math.Clamp(frames / _framesPerPage, 1, BatchPagesMax)];
        var popped = queue.Pop(tokens);
        var count = EvictBatch(tokens[..popped], frames, operation);
        queue.PutBack(tokens[count..popped]);
        return count;
    }

    /// <summary>
    /// Sends out pages, by address, up to so many frames; returns how many of the tokens it has looked at.
    /// </summary>
    private int EvictBatch(ReadOnlySpan<ulong> tokens, long framesMax, EvictOperation? operation)
    {
        var i = 0;
        var frames = 0L;
        while (i < tokens.Length && frames < framesMax)
        {
            // Before the page is claimed: once it is, whatever frees it sets the count to none.
            Interlocked.Increment(ref _fruitless);
            var token = new PageToken(tokens[i]);
            if (!_manager.Ranges.TryAcquire(token.RangeId, out var range))
            {
                i++; // The range is closed, or closing: its pages leave with it.
                continue;
            }

            var used = 1;
            switch (Claim(range, token.Page))
            {
                case PageState.Clean:
                    used = DropRun(range, tokens[i..], framesMax - frames);
                    _manager.Leave(range);
                    break;
                case PageState.Dirty:
                    if (!TryGather(ref operation, range, token.Page))
                    {
                        _manager.Filler.ServeWaiters();
                        return i;
                    }

                    break;
                default:
                    _manager.Leave(range);
                    break;
            }

            i += used;
            frames += (long)used << range.PageOrder;
            Volatile.Write(ref _framesPerPage, range.FramesPerPage);
        }

        StartOrReturn(operation);
        _manager.Filler.ServeWaiters();
        return i;
    }

    /// <summary>
    /// Moves a page to Evicting if it may leave; returns the state it left. Absent: there was nothing to do, or nothing
    /// could be done and the token is back in the queue.
    /// </summary>
    private static PageState Claim(MemoryRange range, long page)
    {
        while (true)
        {
            var entry = range.Table.Read(page);
            if (entry.IsResident && entry.Pins == 0 && range.Share.TryLeave())
            {
                if (range.Table.TryTransition(page, entry, entry.In(PageState.Evicting).WithoutQueued()))
                {
                    return entry.State;
                }

                range.Share.EndLeave(1);
            }
            else if (entry.IsResident || entry.IsOwned)
            {
                range.Queue.Return(range.TokenOf(page));
                return PageState.Absent;
            }
            else if (range.Table.TryTransition(page, entry, entry.WithoutQueued()))
            {
                return PageState.Absent;
            }
        }
    }

    /// <summary>
    /// Punches out the claimed clean page and the clean neighbours behind it, up to so many frames; returns how many
    /// tokens it used.
    /// </summary>
    private int DropRun(MemoryRange range, ReadOnlySpan<ulong> tokens, long framesMax)
    {
        var first = new PageToken(tokens[0]).Page;
        var count = 1;
        var countMax = Math.Min(tokens.Length, framesMax >> range.PageOrder);
        while (count < countMax && tokens[count] == tokens[0] + (ulong)count)
        {
            var page = first + count;
            var entry = range.Table.Read(page);
            if (entry.State != PageState.Clean || entry.Pins != 0 || !range.Share.TryLeave())
            {
                break;
            }

            if (!range.Table.TryTransition(page, entry, entry.In(PageState.Evicting).WithoutQueued()))
            {
                range.Share.EndLeave(1);
                break;
            }

            count++;
        }

        var error = range.Memory.Discard(first, count);
        Corruption.Require(error == Errno.None, "a clean page can be punched out");
        _manager.Trace?.Evicted(range.TokenOf(first), count);
        var pending = false;
        for (var page = first; page < first + count; page++)
        {
            pending |= range.Table.Publish(page, range.Table.Read(page).In(PageState.Absent));
        }

        CountFreed(range, count);
        _manager.Announce(range, first, count, pending);
        return count;
    }

    /// <summary>
    /// Adds a claimed page to the operation, or to a new one; false, and it is as before, if there is none.
    /// </summary>
    private bool TryGather(ref EvictOperation? operation, MemoryRange range, long page)
    {
        if (operation is not null && operation.Add(range, page))
        {
            return true;
        }

        StartOrReturn(operation);
        operation = TryBegin(keepResident: false);
        if (operation is not null)
        {
            Corruption.Require(operation.Add(range, page), "an empty operation takes any page");
            return true;
        }

        // Every buffer is with a device.
        var pending = range.Table.Publish(page, range.Table.Read(page).In(PageState.Dirty).WithQueued());
        _manager.Announce(range, page, 1, pending);
        range.Share.EndLeave(1);
        _manager.Leave(range);
        return false;
    }

    /// <summary>Adds a page that is Evicting to an operation; false if it does not fit and is Dirty again.</summary>
    private bool TryTake(EvictOperation operation, MemoryRange range, long page)
    {
        // A closing range is not written back: whoever closes it has flushed it before.
        var held = range.Lifetime.TryGet();
        if (held && operation.Add(range, page))
        {
            return true;
        }

        var pending = range.Table.Publish(page, range.Table.Read(page).In(PageState.Dirty));
        _manager.Announce(range, page, 1, pending);
        if (held)
        {
            _manager.Leave(range);
        }

        return !held;
    }

    private EvictOperation? TryBegin(bool keepResident)
    {
        var operation = _slots.TryRent();
        operation?.Reset(keepResident);
        return operation;
    }

    private void StartOrReturn(EvictOperation? operation)
    {
        if (operation is null)
        {
            return;
        }

        if (operation.PageCount == 0)
        {
            _slots.Return(operation.Slot);
            return;
        }

        Interlocked.Add(ref _inFlightFrames, operation.FrameCount);
        Interlocked.Add(ref _leavingFrames, operation.KeepsResident ? 0 : operation.FrameCount);
        operation.Start();
    }
}
