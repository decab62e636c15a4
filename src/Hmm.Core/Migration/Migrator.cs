// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Core.Policies;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <summary>
/// Moves pages between devices: by hand, with a result for each page (Linux: <c>migrate_vma</c>), and by itself, the
/// coldest pages of a device that runs short to the next one in the order. What cannot move stays where it was, intact.
/// </summary>
/// <remarks>
/// Threads: <see cref="Migrate"/> from any, which waits; <see cref="MakeRoom"/> from the one that reclaims, which does
/// not.
/// Invariant: a page that this class works on is Migrating.
/// </remarks>
internal sealed class Migrator : IDisposable
{
    private const int SlotCount = 8;

    // Half of the slots at most are the background's, so that what is asked for finds one.
    private const int SinkingMax = SlotCount / 2;

    // A step looks at so many frames at most: of a device whose pages are all in DRAM as well, none can sink. Where
    // fewer than one frame in 32 of those can be given up, looking for them costs more than it saves.
    private const int LookFramesMax = 1024;
    private const int ForgottenDivisor = 32;

    private readonly MemoryManager _manager; // immutable
    private readonly CopySlots<MigrateOperation> _slots; // immutable
    private long _movedFrames; // Guarded by: atomic
    private int _inFlight; // Guarded by: atomic

    internal Migrator(MemoryManager manager)
    {
        _manager = manager;
        _slots = new CopySlots<MigrateOperation>(
            MigrateOperation.PageFramesMax << Pfn.Shift, SlotCount,
            (slot, buffers) => new MigrateOperation(this, manager, slot, buffers));
    }

    /// <summary>Frames that moved from device to device since the start.</summary>
    public long MovedFrames => Volatile.Read(ref _movedFrames);

    /// <summary>Operations under way.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>
    /// Sends pages to a device, from DRAM or from others. Returns when each is there, or stays where it was.
    /// </summary>
    /// <returns>
    /// By page: None, it is there. ENOENT: there is nothing of its own to move, since it is zero or its file's. EBUSY:
    /// it is pinned. EOPNOTSUPP: it belongs to a shared file or a persistent range, or the device turned it down.
    /// ENOSPC: the device is full. EIO: it could not be read or written. ECANCELED: the request was cancelled, or the
    /// range closes.
    /// </returns>
    public MigrateResults Migrate(
        MemoryRange range, long first, int count, DeviceMemory target, CancellationToken cancellation)
    {
        // Whoever waits for pages of others looks at the token when it is woken.
        using var waking = cancellation.UnsafeRegister(
            static progress => ((Progress)progress!).Signal(), _manager.Progress);
        var results = new MigrateResults(first, count);
        Send(range, first, first + count, target, results, cancellation);
        Await(results);

        // Frames in too many pieces for one operation: each pass moves as many pieces as that holds, so this ends.
        while (results.TryReopen(Errno.EAGAIN, out var again))
        {
            Send(range, again, again + 1, target, results, cancellation);
            Await(results);
        }

        return results;
    }

    /// <summary>Sends pages on their way, each once.</summary>
    private void Send(
        MemoryRange range,
        long first,
        long end,
        DeviceMemory target,
        MigrateResults results,
        CancellationToken cancellation)
    {
        MigrateOperation? operation = null;
        var page = first;
        while (page < end)
        {
            var epoch = _manager.Progress.Epoch;
            var before = page;
            if (cancellation.IsCancellationRequested || range.Lifetime.IsDying)
            {
                results.Record(page++, Errno.ECANCELED);
                continue;
            }

            page += Take(range, page, end, target, results, ref operation);
            if (page == before)
            {
                // Somebody works on the page, perhaps an eviction that this request began, or every buffer is taken.
                StartOrReturn(ref operation);
                _manager.Progress.Wait(epoch);
            }
        }

        StartOrReturn(ref operation);
    }

    private void Await(MigrateResults results)
    {
        while (true)
        {
            var epoch = _manager.Progress.Epoch;
            if (results.IsComplete)
            {
                return;
            }

            _manager.Progress.Wait(epoch);
        }
    }

    /// <summary>
    /// Makes room on a device that is short of it. Copies of pages that are in DRAM are given up first, which costs
    /// nothing now. Where they are few, its coldest pages start to sink to the nearest device behind it: a device hands
    /// frames out in order, so those that have been there longest are the ones that a hand going round meets next.
    /// </summary>
    /// <returns>False: there is nothing to do, or as much under way as may be.</returns>
    public bool MakeRoom()
    {
        if (!_manager.Placement.TryFindShort(out var from, out var to))
        {
            return false;
        }

        if (from.HasCopies)
        {
            TakeFrames(from, operation: null);
        }

        if (from.HasCopies)
        {
            return true;
        }

        if (!from.MustSink() || InFlight >= SinkingMax || !TryBegin(to, results: null, out var operation))
        {
            return false;
        }

        TakeFrames(from, operation);
        var any = operation.PageCount > 0;
        StartOrReturn(ref operation!);
        return any || from.HasCopies;
    }

    /// <inheritdoc/>
    public void Dispose() => _slots.Dispose();

    internal void CountMoved(int frames) => Interlocked.Add(ref _movedFrames, frames);

    /// <summary>Ends copies that were handed over at a tick or before; returns how many.</summary>
    internal int Expire(long tick) => _slots.Expire(tick);

    /// <summary>A device has completed a copy that was given up, and its buffers can be used again.</summary>
    internal void TakeBack(in SlotBuffers buffers) => _slots.TakeBack(in buffers);

    /// <summary>An operation is over; if a device still has the buffer, its slot goes on with another.</summary>
    internal void Finish(MigrateOperation operation, bool expired)
    {
        Interlocked.Decrement(ref _inFlight);
        _slots.Return(operation.Slot, expired);
        _manager.Progress.Signal();
        if (_manager.Placement.TryFindShort(out _, out _))
        {
            _manager.ReclaimNeeded();
        }
    }

    /// <summary>Decides about one page or more; 0: not now.</summary>
    private int Take(
        MemoryRange range,
        long page,
        long end,
        DeviceMemory target,
        MigrateResults results,
        ref MigrateOperation? operation)
    {
        if (range.Store is not null)
        {
            // Its checkpoints name frames of its own device, absent pages' too.
            results.Record(page, Errno.EOPNOTSUPP);
            return 1;
        }

        var entry = range.Table.Read(page);
        if (entry.IsOwned)
        {
            return 0;
        }

        if (entry.IsResident)
        {
            return TakeResident(range, page, end, entry, target, results);
        }

        if (entry.State == PageState.Poisoned || !entry.HasFrame || target.PageMap.Contains(entry.Frame))
        {
            results.Record(
                page,
                entry.State == PageState.Poisoned ? Errno.EIO : entry.HasFrame ? Errno.None : Errno.ENOENT);
            return 1;
        }

        if (operation is null && !TryBegin(target, results, out operation))
        {
            return 0;
        }

        return TryClaim(range, page, entry, operation) ? 1 : 0;
    }

    private int TakeResident(
        MemoryRange range, long page, long end, PageEntry entry, DeviceMemory target, MigrateResults results)
    {
        var error = entry.Pins > 0 ? Errno.EBUSY
            : range.Kind == RangeKind.FileShared ? Errno.EOPNOTSUPP
            : entry.State == PageState.Clean && !entry.HasFrame ? Errno.ENOENT
            : Errno.None;
        if (error != Errno.None)
        {
            results.Record(page, error);
            return 1;
        }

        if (entry.State == PageState.Clean)
        {
            // Its bytes are on a device: once it has left DRAM it is looked at again.
            _manager.Evictor.TryDrop(range, page, entry);
            return 0;
        }

        return (int)(_manager.Evictor.Send(range, page, end, target, results) - page);
    }

    /// <summary>Moves an absent page to Migrating and adds it; false: it changed, or does not fit.</summary>
    private bool TryClaim(MemoryRange range, long page, PageEntry entry, MigrateOperation operation)
    {
        if (!range.Lifetime.TryGet())
        {
            return false;
        }

        if (range.Table.TryTransition(page, entry, entry.In(PageState.Migrating)))
        {
            if (operation.TryAdd(range, page, _manager.PageMapOf(entry.Frame), entry.Frame))
            {
                return true;
            }

            var pending = range.Table.Publish(page, range.Table.Read(page).In(PageState.Absent));
            _manager.Announce(range, page, 1, pending);
        }

        _manager.Leave(range);
        return false;
    }

    /// <summary>Looks at the next frames of a device, until the operation is full.</summary>
    private void TakeFrames(Placement.Candidate from, MigrateOperation? operation)
    {
        var (looked, forgotten) = (0, 0);
        var framesMax = (int)Math.Min(LookFramesMax, from.Device.Statistics.FramesUsed);
        while (looked < framesMax && from.TryNext(out var frame)
            && TryTakeFrame(from.Device.PageMap, frame, operation, ref forgotten))
        {
            looked++;
        }

        from.HasCopies = forgotten > looked / ForgottenDivisor;
    }

    /// <summary>
    /// Gives up a frame whose page is in DRAM, or adds its page to the operation, if there is one. False: it is full.
    /// </summary>
    private bool TryTakeFrame(PageMap map, Pfn frame, MigrateOperation? operation, ref int forgotten)
    {
        var token = new PageToken(map.FrameOf(frame).Owner);
        if (token.Raw == 0 || !_manager.Ranges.TryAcquire(token.RangeId, out var range))
        {
            return true;
        }

        var full = false;
        var entry = token.Page < range.PageCount ? range.Table.Read(token.Page) : default;
        if (entry.HasFrame && entry.Frame == frame)
        {
            switch (entry.State)
            {
                case PageState.Clean:
                    forgotten += _manager.TryForget(range, token.Page, entry) ? 1 : 0;
                    break;
                case PageState.Absent when operation is not null:
                    full = !TryClaim(range, token.Page, entry, operation)
                        && range.Table.Read(token.Page).Raw == entry.Raw;
                    break;
                default:
                    break;
            }
        }

        _manager.Leave(range);
        return !full;
    }

    private bool TryBegin(
        DeviceMemory target, MigrateResults? results, [NotNullWhen(true)] out MigrateOperation? operation)
    {
        operation = _slots.TryRent();
        operation?.Reset(target, results);
        return operation is not null;
    }

    private void StartOrReturn(ref MigrateOperation? operation)
    {
        if (operation is null)
        {
            return;
        }

        if (operation.PageCount == 0)
        {
            _slots.Return(operation.Slot);
        }
        else
        {
            Interlocked.Increment(ref _inFlight);
            operation.Start();
        }

        operation = null;
    }
}
