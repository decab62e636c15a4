// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Replay.Policies;
using Hmm.Core.Policies;
using Hmm.Host.Tracing;
using Hmm.Uapi;

namespace Hmm.Cli.Replay;

/// <summary>
/// One policy over one trace within one budget: the core's budget with its watermarks, its prefetch policy and its
/// reclaim policy, without threads and devices between them. Pages leave in batches when DRAM is short, as they do in a
/// host.
/// </summary>
/// <remarks>Owner thread only.</remarks>
internal sealed class ReplayRun
{
    // The batches of the core's reclaim, and the longest run of one fill.
    private const int BatchPagesMax = 256;
    private const int BatchFramesMin = 16;
    private const int FillPagesMax = 64;
    private const int WindowDivisor = 32;

    private readonly TraceLog _log; // immutable
    private readonly IReplayPolicy _policy; // immutable
    private readonly DramBudget _budget; // owner thread
    private readonly Residences? _residences; // owner thread
    private readonly NextUses? _uses; // owner thread
    private readonly bool _prefetches; // immutable
    private readonly HashSet<ulong> _resident = []; // owner thread
    private readonly HashSet<ulong> _queued = []; // owner thread: those that the policy knows
    private readonly PriorityQueue<ulong, ulong> _unseen = new(); // owner thread: uses that the trace did not see
    private readonly StreamDetector[] _streams; // owner thread
    private readonly Advice[] _advice; // owner thread
    private ulong _nowNs; // owner thread
    private long _touches; // owner thread
    private long _faults; // owner thread
    private long _fills; // owner thread
    private long _evictions; // owner thread
    private long _framesPerPage = 1; // owner thread: of the page that left last

    /// <summary>Prepares a run.</summary>
    /// <param name="log">The trace.</param>
    /// <param name="budgetBytes">The budget.</param>
    /// <param name="policy">The policy, empty.</param>
    /// <param name="uses">What the policy is told of the future; null: nothing.</param>
    /// <param name="residences">Where uses are that the trace did not see; null: it is full.</param>
    /// <param name="prefetches">Whether streams are brought ahead, as the host would.</param>
    internal ReplayRun(
        TraceLog log, long budgetBytes, IReplayPolicy policy, NextUses? uses, Residences? residences, bool prefetches)
    {
        _log = log;
        _policy = policy;
        _budget = new DramBudget((ulong)budgetBytes);
        _uses = uses;
        _residences = residences;
        _prefetches = prefetches;
        _streams = new StreamDetector[log.Ranges.Count];
        _advice = new Advice[log.Ranges.Count];
        for (var i = 0; i < _streams.Length; i++)
        {
            _streams[i] = new StreamDetector(
                _budget.Limit / WindowDivisor >> (log.Ranges[i].PageShift - Limits.PageShiftMin));
            _advice[i] = log.Ranges[i].Advice;
        }
    }

    /// <summary>Plays the trace.</summary>
    /// <param name="name">What the policy is called.</param>
    internal ReplayResult Run(string name)
    {
        for (var i = 0; i < _log.Records.Count; i++)
        {
            if (i == _log.FirstCounted)
            {
                (_touches, _faults, _fills, _evictions) = (0, 0, 0, 0);
            }

            var record = _log.Records[i];
            PlayUnseen(record.TimeNs);
            _nowNs = record.TimeNs;
            Play(in record);
            _residences?.Pass(i, in record);
        }

        var accesses = _log.Accesses > 0 ? (long)_log.Accesses : _touches;
        return new ReplayResult(name, _budget.Limit << Limits.PageShiftMin, accesses, _faults, _fills, _evictions);
    }

    private void Play(in TraceRecord record)
    {
        switch (record.Kind)
        {
            case TraceKind.Fault or TraceKind.FirstWrite:
                _uses?.Pass(record.Page);
                Touch(record.Page, (record.Flags & TraceFlags.Write) != 0);
                break;
            case TraceKind.Filled when _log.IsUse(in record):
                BroughtAhead(in record);
                break;
            case TraceKind.Present:
                BringAhead(record.Page, (int)record.Count, isStart: true);
                break;
            case TraceKind.Hinted when _log.IsFull && _prefetches:
                BringAhead(record.Page, (int)Math.Min(record.Count, int.MaxValue), isStart: false);
                break;
            case TraceKind.Dropped:
                Drop(in record);
                break;
            case TraceKind.Closed:
                Close(record.First.RangeId);
                break;
            case TraceKind.Advised:
                _advice[record.First.RangeId - 1] = (Advice)record.Count;
                break;
            default:
                break; // What came and left at the recording does not come and leave here.
        }
    }

    /// <summary>Plays uses that the trace did not see, up to a moment.</summary>
    private void PlayUnseen(ulong nowNs)
    {
        while (_unseen.TryPeek(out var page, out var thenNs) && thenNs <= nowNs)
        {
            _unseen.Dequeue();
            _nowNs = thenNs;
            Touch(page, write: false);
        }
    }

    private void Touch(ulong page, bool write)
    {
        _touches++;
        if (!_resident.Contains(page))
        {
            _faults++;
            if (TryBringIn(page, 1, keepFree: 0, prefetched: false) && _prefetches && _log.IsFull)
            {
                var token = new PageToken(page);
                var index = (int)token.RangeId - 1;
                var plan = _streams[index].OnFault(token.Page, write, _advice[index]);
                BringAhead(token.RangeId, in plan);
            }
        }

        _policy.Used(page);
    }

    /// <summary>Pages that the host brought ahead at the recording: they were touched soon after, unseen.</summary>
    private void BroughtAhead(in TraceRecord record)
    {
        for (var page = record.Page; page < record.Page + record.Count; page++)
        {
            _touches++;
            _uses?.Pass(page);
            if (!_resident.Contains(page))
            {
                TryBringIn(page, 1, keepFree: 0, prefetched: true);
            }

            _policy.Used(page);
        }
    }

    private void BringAhead(uint range, in FillPlan plan)
    {
        var pageCount = _log.Ranges[(int)range - 1].PageCount;
        for (var step = 0; step < plan.Count;)
        {
            var page = plan.First + (plan.Stride * step);
            var run = plan.Stride == 1 ? Math.Min(plan.Count - step, FillPagesMax) : 1;
            if (step == plan.Skip || page < 0 || page >= pageCount)
            {
                step++;
                continue;
            }

            run = step < plan.Skip ? Math.Min(run, plan.Skip - step) : run;
            BringAhead(new PageToken(range, page).Raw, (int)Math.Min(run, pageCount - page), isStart: false);
            step += run;
        }
    }

    /// <summary>Brings those of neighbours that are away, in runs, as long as there is DRAM for it.</summary>
    private void BringAhead(ulong first, int count, bool isStart)
    {
        var end = first + (ulong)count;
        for (var page = first; page < end;)
        {
            if (_resident.Contains(page))
            {
                page++;
                continue;
            }

            var run = 1;
            while (run < FillPagesMax && page + (ulong)run < end && !_resident.Contains(page + (ulong)run))
            {
                run++;
            }

            if (!TryBringIn(page, run, isStart ? _budget.HighWatermark : _budget.PrefetchReserve, prefetched: !isStart))
            {
                return;
            }

            page += (ulong)run;
        }
    }

    private bool TryBringIn(ulong first, int count, long keepFree, bool prefetched)
    {
        var frames = (long)count << _log.OrderOf(first);
        if (!_budget.TryReserve(frames, keepFree))
        {
            if (keepFree == _budget.HighWatermark)
            {
                return false; // What was there at the start, and is more than fits.
            }

            Reclaim();
            if (!_budget.TryReserve(frames, keepFree))
            {
                return false;
            }
        }

        _fills += count;
        for (var page = first; page < first + (ulong)count; page++)
        {
            _resident.Add(page);
            if (_queued.Add(page))
            {
                _policy.Insert(page, 1, prefetched);
            }
        }

        if (_budget.IsBelowLow)
        {
            Reclaim();
        }

        return true;
    }

    private void Reclaim()
    {
        Span<ulong> batch = stackalloc ulong[BatchPagesMax];
        while (_budget.HighWatermark - _budget.Free is var wanted and > 0)
        {
            wanted = Math.Max(wanted, BatchFramesMin) / _framesPerPage;
            var count = _policy.TakeVictims(batch[..(int)Math.Clamp(wanted, 1, BatchPagesMax)]);
            if (count == 0)
            {
                return;
            }

            foreach (var page in batch[..count])
            {
                Evict(page);
            }
        }
    }

    private void Evict(ulong page)
    {
        _queued.Remove(page);
        if (!_resident.Remove(page))
        {
            return; // It was dropped before.
        }

        _evictions++;
        _framesPerPage = 1L << _log.OrderOf(page);
        _budget.Release(_framesPerPage);
        if (_residences is not null && _residences.TryNextUse(page, _nowNs, out var thenNs))
        {
            _unseen.Enqueue(page, thenNs);
        }
    }

    private void Drop(in TraceRecord record)
    {
        for (var page = record.Page; page < record.Page + record.Count; page++)
        {
            if (_resident.Remove(page))
            {
                _budget.Release(1L << _log.OrderOf(page));
            }
        }
    }

    private void Close(uint range)
    {
        var (first, last) = (new PageToken(range, 0).Raw, new PageToken(range, (1L << PageToken.PageBits) - 1).Raw);
        var gone = _resident.RemoveWhere(page => page >= first && page <= last);
        _budget.Release((long)gone << _log.OrderOf(first));
        _queued.RemoveWhere(page => page >= first && page <= last);
        _policy.Forget(first, last);
    }
}
