// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Core.Policies;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <summary>
/// Removes a device whose pages are in use, under load: every page it holds is brought back to DRAM first, as dirty, so
/// that it goes to another device when DRAM runs short. Only an empty device is torn down; until then the removal can
/// stop, and the device is as it was.
/// </summary>
/// <remarks>Threads: any, one removal of a device at a time. The caller waits; faults go on meanwhile.</remarks>
internal sealed class Evacuator
{
    private readonly MemoryManager _manager; // immutable

    internal Evacuator(MemoryManager manager)
    {
        _manager = manager;
    }

    /// <summary>Empties a device and tears its device memory down.</summary>
    /// <param name="memory">The device's memory.</param>
    /// <param name="cancellation">Stops the removal between two pages; the device stays.</param>
    /// <exception cref="HmmException">
    /// ENOMEM: neither DRAM nor another device has room. EIO: pages cannot be read. ETIMEDOUT: it does not answer. The
    /// device stays, with every page that did not move.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled; the device stays.</exception>
    public void Remove(DeviceMemory memory, CancellationToken cancellation)
    {
        memory.SuspendAllocation();
        try
        {
            var usedBefore = ulong.MaxValue;
            while (TryPass(memory, ref usedBefore, cancellation))
            {
            }
        }
        catch
        {
            memory.ResumeAllocation();
            throw;
        }
        finally
        {
            _manager.Evictor.Want(0);
        }

        _manager.Placement.Remove(memory);
        memory.Remove();
    }

    /// <summary>Looks at every frame in use once. False: there was none.</summary>
    private bool TryPass(DeviceMemory memory, ref ulong usedBefore, CancellationToken cancellation)
    {
        var used = memory.Statistics.FramesUsed;
        if (used >= usedBefore)
        {
            RequireAnswers(memory);
        }

        usedBefore = used;
        var next = new Pfn(0);
        var any = false;
        var unreadable = 0L;
        var epoch = _manager.Progress.Epoch;
        while (memory.TryNextUsed(next, out var frame))
        {
            cancellation.ThrowIfCancellationRequested();
            any = true;
            next = frame + 1;
            var token = new PageToken(memory.PageMap.FrameOf(frame).Owner);
            if (token.Raw != 0 && _manager.Ranges.TryAcquire(token.RangeId, out var range))
            {
                try
                {
                    var taken = Evacuate(memory, range, token.Page, frame, ref unreadable);
                    next = frame + ((long)Math.Max(taken, 1) << range.PageOrder);
                }
                finally
                {
                    // A removal that stops for want of room leaves the range as closable as it was.
                    _manager.Leave(range);
                }
            }
        }

        if (any && memory.Statistics.FramesUsed >= used)
        {
            RequireHope(memory, unreadable);
            _manager.Progress.Wait(epoch);
        }

        return any;
    }

    /// <summary>
    /// Starts bringing back the page in a frame and its neighbours; returns how many pages it took
    /// care of.
    /// </summary>
    private int Evacuate(DeviceMemory memory, MemoryRange range, long page, Pfn frame, ref long unreadable)
    {
        var entry = range.Table.Read(page);
        if (!entry.HasFrame || entry.Frame != frame || entry.IsOwned)
        {
            return 0; // On its way in or out: whoever moves it frees the frame or names it, and a later pass sees that.
        }

        if (entry.State == PageState.Poisoned)
        {
            unreadable++;
            return 0;
        }

        if (entry.State == PageState.Clean)
        {
            return _manager.TryForget(range, page, entry) ? 1 : 0;
        }

        while (true)
        {
            var epoch = _manager.Progress.Epoch;
            var taken = _manager.Filler.BringBack(range, page, memory.PageMap, out var outOfMemory);
            if (taken > 0 || !outOfMemory)
            {
                return taken;
            }

            RequireHope(memory, unreadable);
            _manager.Evictor.Want(range.FramesPerPage + Filler.ReserveOf(_manager.Budget, range));
            _manager.ReclaimNeeded();
            _manager.Progress.Wait(epoch);
        }
    }

    /// <summary>
    /// A pass brought nothing back, and all that is under way is late. What a device owes keeps its frames.
    /// </summary>
    private static void RequireAnswers(DeviceMemory memory)
    {
        var copies = memory.PageMap.Copies;
        if (copies.IsOverdue && copies.InFlight <= copies.Overdue)
        {
            throw new HmmException(
                Errno.ETIMEDOUT,
                $"Device '{memory.Device.Name}' does not answer and still holds {memory.Statistics.FramesUsed} pages "
                    + "of 4 KiB; it stays as it is. Try again when it answers.");
        }
    }

    private void RequireHope(DeviceMemory memory, long unreadable)
    {
        if (_manager.Evictor.IsStuck)
        {
            throw new HmmException(
                Errno.ENOMEM,
                $"Device '{memory.Device.Name}' still holds {memory.Statistics.FramesUsed} pages of 4 KiB and there "
                    + "is no room for them: " +
                "free memory, raise the budget, or add a device; it stays as it is.");
        }

        if (unreadable > 0 && (ulong)unreadable >= memory.Statistics.FramesUsed)
        {
            throw new HmmException(
                Errno.EIO,
                $"Device '{memory.Device.Name}' holds {unreadable} pages that it cannot return: drop them (DontNeed) "
                    + "or close their " +
                "ranges; it stays as it is.");
        }
    }
}
