// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;
using Hmm.Core.Virtual;

namespace Hmm.Core.Migration;

/// <summary>
/// Brings in what nobody waits for, off the threads that resolve faults: the windows of streams, oldest first. What
/// DRAM or buffers do not suffice for stays until there are some again, and is dropped when nothing can leave.
/// </summary>
/// <remarks>
/// Threads: steps from one thread at a time (the host's prefetch thread); the rest from any. Allocates nothing.
/// Invariant: while <c>_blocked</c> is set, DRAM or buffers were short after it was set, and whoever frees either
/// clears it.
/// </remarks>
internal sealed partial class Prefetcher
{
    // More than the streams of several ranges ask for at a time; beyond it windows are cut, and asked for again by the
    // fault at their end.
    private const int RequestsMax = 256;

    // 1 MiB of 4 KiB pages a step: long enough for the largest copies, short enough that a range can close.
    private const int StepPages = 256;

    // How often in a row a request waits in vain: faults may have been faster to take what was freed, now and then.
    private const int BlocksMax = 8;

    private readonly MemoryManager _manager; // immutable
    private readonly Lock _gate = new();
    private readonly Request[] _requests = new Request[RequestsMax]; // Guarded by: _gate
    private int _head; // Guarded by: _gate
    private int _count; // Guarded by: _gate
    private Request _current; // Guarded by: the stepping thread
    private int _blocked; // Guarded by: atomic
    private int _pageFrames; // Guarded by: atomic

    internal Prefetcher(MemoryManager manager)
    {
        _manager = manager;
    }

    /// <summary>Whether requests wait for DRAM or a buffer.</summary>
    public bool IsBlocked => Volatile.Read(ref _blocked) != 0;

    /// <summary>What free DRAM it goes on at: not at the first page, or it would stop again at the second.</summary>
    private bool CanGoOn =>
        _manager.Budget.Free >= NeededFrames(Volatile.Read(ref _pageFrames))
            && _manager.Filler.Waiters.Count == 0
            && _manager.Filler.HasFreeBuffer;

    private bool HasRequest
    {
        get
        {
            lock (_gate)
            {
                return _current.RangeId != 0 || _count > 0;
            }
        }
    }

    /// <summary>Asks for the pages of a plan.</summary>
    public void Add(MemoryRange range, in FillPlan plan)
    {
        var isAdded = false;
        lock (_gate)
        {
            if (_count < RequestsMax)
            {
                _requests[(_head + _count++) % RequestsMax] = new Request(range.Id, plan);
                isAdded = true;
            }
        }

        if (!isAdded)
        {
            range.Streams.OnFillCut(plan.First);
        }
        else if (!IsBlocked)
        {
            _manager.PrefetchNeeded();
        }
    }

    /// <summary>Brings in a part of the oldest request.</summary>
    public PrefetchOutcome Step()
    {
        if (IsBlocked)
        {
            return PrefetchOutcome.Rest; // Whoever frees some starts it again; until then no look is one in vain.
        }

        // In turns, so that neither a list of pages nor a long span keeps the other waiting.
        _isListsTurn = !_isListsTurn;
        if (_listed > 0 && (_isListsTurn || !HasRequest))
        {
            return StepList();
        }

        if (_current.RangeId == 0 && !TryTake(out _current))
        {
            return PrefetchOutcome.Rest;
        }

        if (!_manager.Ranges.TryAcquire(_current.RangeId, out var range))
        {
            _current = default; // The range is closed, or closing.
            return PrefetchOutcome.Progress;
        }

        var outcome = Advance(range);
        _manager.Leave(range);
        return outcome;
    }

    /// <summary>DRAM or a buffer was freed. Costs one load while nothing waits for it.</summary>
    internal void OnFreed()
    {
        if (IsBlocked && CanGoOn && Interlocked.Exchange(ref _blocked, 0) != 0)
        {
            _manager.PrefetchNeeded();
        }
    }

    private bool TryTake(out Request request)
    {
        lock (_gate)
        {
            request = default;
            if (_count == 0)
            {
                return false;
            }

            request = _requests[_head];
            _head = (_head + 1) % RequestsMax;
            _count--;
            return true;
        }
    }

    private PrefetchOutcome Advance(MemoryRange range)
    {
        ref readonly var plan = ref _current.Plan;
        var end = Math.Min(plan.Count, _current.Done + StepPages);
        while (_current.Done < end)
        {
            if (_current.Done == plan.Skip)
            {
                _current.Done++;
                continue;
            }

            var steps = StepsOf(in plan, _current.Done, end);
            var done = Fill(range, in plan, _current.Done, steps);
            _current.Done += done;
            _current.Blocks = done > 0 ? 0 : _current.Blocks;
            if (done < steps)
            {
                return Block(range, ref _current.Blocks)
                    ? PrefetchOutcome.Rest
                    : DropCurrent(range);
            }
        }

        if (_current.Done == plan.Count)
        {
            _current = default;
        }

        return PrefetchOutcome.Progress;
    }

    /// <summary>How many steps lie in one run of pages, and fit one copy.</summary>
    private static int StepsOf(in FillPlan plan, int done, int end)
    {
        var last = plan.Skip > done ? Math.Min(plan.Skip, end) : end;
        return plan.Stride is 1 or -1 ? last - done : 1;
    }

    /// <summary>Brings in one run; returns how many of its steps are done, in the order of the plan.</summary>
    private int Fill(MemoryRange range, in FillPlan plan, int done, int steps)
    {
        var from = plan.First + (plan.Stride * done);
        var first = plan.Stride == -1 ? from - steps + 1 : from;
        var end = Math.Min(first + steps, range.PageCount);
        first = Math.Max(first, 0);
        if (first >= end)
        {
            return steps;
        }

        var stopped = _manager.Filler.Prefetch(range, first, end - first, plan.ExpectWrite);
        return stopped == end ? steps : plan.Stride == 1 ? (int)(stopped - from) : 0;
    }

    /// <summary>
    /// Waits for DRAM or a buffer; false if there may never be any, since nothing can leave, or what left was taken by
    /// others: where reclaim finds little but the pages that were just brought in, the two would go on for ever.
    /// </summary>
    private bool Block(MemoryRange range, ref int blocks)
    {
        Volatile.Write(ref _pageFrames, range.FramesPerPage);
        if (++blocks > BlocksMax || _manager.Evictor.IsStuck || !range.Share.HasRoom
            || NeededFrames(range.FramesPerPage) > _manager.Budget.HighWatermark)
        {
            return false;
        }

        _manager.ReclaimNeeded();

        // In this order: were the look before the set, what is freed in between would unblock nobody. Full fence.
        Interlocked.Exchange(ref _blocked, 1);
        OnFreed();
        return true;
    }

    /// <summary>
    /// Gives up on a request: what the reader comes to next faults, and the stream goes on from there.
    /// </summary>
    private PrefetchOutcome DropCurrent(MemoryRange range)
    {
        range.Streams.OnFillCut(_current.Plan.First + (_current.Plan.Stride * _current.Done));
        _current = default;
        return PrefetchOutcome.Progress;
    }

    private long NeededFrames(int pageFrames) =>
        _manager.Budget.PrefetchReserve + Math.Max(_manager.Budget.PrefetchReserve, pageFrames);

    private record struct Request(uint RangeId, FillPlan Plan)
    {
        public FillPlan Plan = Plan;
        public int Done;
        public int Blocks; // how often it was blocked since it last got on
    }
}
