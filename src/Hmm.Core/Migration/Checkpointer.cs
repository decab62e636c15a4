// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <summary>
/// Makes a checkpoint of a persistent range while its application runs. Its pages are of one moment, the cut: every
/// write before it is in, none after it.
/// <code>
///   1 clean ahead   dirty pages are written to new frames and stay, clean; the application runs
///   2 freeze        no page becomes writable any more; who wants to write to a clean page waits
///   3 clean         what was dirtied meanwhile; now every page is protected, and this is the cut
///   4 hold          each frame that is newer than the last checkpoint gets a holder of its own
///   5 thaw          writes go on; a page that is written leaves its frame to the checkpoint
///   6 commit        the device makes the checkpoint durable
///   7 settle        pages forget their frames: the image has them now, and the device keeps them
/// </code>
/// </summary>
/// <remarks>
/// Threads: any, one checkpoint of a range at a time; the caller waits for the device. Faults that read go on all the
/// while. The pause of a first write is step 3, which is short since step 1 was not.
/// </remarks>
internal sealed class Checkpointer
{
    // Each pass leaves what is dirtied while it runs; a program that writes faster than its device stays as dirty as
    // it is, so more passes would only write more.
    private const int PassesAhead = 2;

    private readonly MemoryManager _manager; // immutable

    internal Checkpointer(MemoryManager manager)
    {
        _manager = manager;
    }

    /// <summary>Makes a checkpoint.</summary>
    /// <param name="range">The range; the caller holds a reference.</param>
    /// <param name="image">What stands behind it.</param>
    /// <returns>The checkpoint's number and how many pages it changed.</returns>
    /// <exception cref="HmmException">
    /// ENOSPC: the device is full. EIO: it failed. ETIMEDOUT: it does not answer. EBUSY: a page is pinned. EROFS: it is
    /// an older checkpoint. The last checkpoint is what it was, and the range goes on with all of its writes.
    /// </exception>
    public (ulong Sequence, long Pages) Run(MemoryRange range, IPersistentImage image)
    {
        _manager.Operations.HoldCut(range);
        try
        {
            return RunCore(range, image);
        }
        finally
        {
            _manager.Operations.ReleaseCut(range);
        }
    }

    private (ulong Sequence, long Pages) RunCore(MemoryRange range, IPersistentImage image)
    {
        // What failed before was told to nobody, and what is still dirty is tried again.
        _ = range.TakeWriteError();
        for (var pass = 0; pass < PassesAhead; pass++)
        {
            WriteBack(range);
        }

        var changes = Cut(range);
        ulong sequence;
        try
        {
            sequence = image.Commit(changes);
        }
        catch
        {
            Drop(range, changes);
            throw;
        }

        Settle(range, changes);
        return (sequence, changes.Count);
    }

    /// <summary>Steps 2 to 5.</summary>
    private List<PersistentChange> Cut(MemoryRange range)
    {
        var changes = new List<PersistentChange>();
        range.IsFrozen = _manager.Mutant != Mutant.CutWithoutFreeze;
        try
        {
            bool again;
            do
            {
                Drop(range, changes);
                WriteBack(range);
                again = !TryHold(range, changes) && range.IsFrozen;
            }
            while (again);
            return changes;
        }
        catch
        {
            Drop(range, changes);
            throw;
        }
        finally
        {
            range.IsFrozen = false;
            WakeAll(range);
        }
    }

    private void WriteBack(MemoryRange range)
    {
        try
        {
            _manager.Operations.WriteBack(range, 0, range.PageCount);
        }
        catch (HmmException exception)
        {
            throw new HmmException(
                exception.Errno,
                $"Pages of '{range.Name}' could not be written, so there is no new checkpoint: the last one is whole, "
                    + "and the range goes on. Make room where it is full, mend the disk otherwise, and try again.",
                exception);
        }
    }

    /// <summary>
    /// Takes a holder on every frame. False: a page is dirty still, since its write found no room in its operation.
    /// </summary>
    private bool TryHold(MemoryRange range, List<PersistentChange> changes)
    {
        for (var page = range.Table.NextTouchedChunk(0); page < range.PageCount;)
        {
            var epoch = _manager.Progress.Epoch;
            var entry = range.Table.Read(page);
            if (entry.IsOwned)
            {
                _manager.Progress.Wait(epoch);
                continue;
            }

            if (entry.State == PageState.Dirty && entry.Pins > 0)
            {
                throw new HmmException(
                    Errno.EBUSY,
                    $"Page {page} of range '{range.Name}' is pinned, so hardware may write to it at any moment; "
                        + "dispose the pin before the checkpoint.");
            }

            if (entry.State == PageState.Dirty && range.IsFrozen)
            {
                return false;
            }

            if (entry.HasFrame)
            {
                // Nobody drops it in between: that takes a write, which waits, or DontNeed, which waits for the gate.
                range.Store!.PageMap.Get(entry.Frame, range.FramesPerPage);
                changes.Add(new PersistentChange(page, entry.Frame));
            }

            page = (page + 1) % PageTable.ChunkPages == 0 ? range.Table.NextTouchedChunk(page + 1) : page + 1;
        }

        return true;
    }

    private static void Drop(MemoryRange range, List<PersistentChange> changes)
    {
        foreach (var change in changes)
        {
            range.Store!.PageMap.Put(change.Frame, range.FramesPerPage);
        }

        changes.Clear();
    }

    private static void WakeAll(MemoryRange range)
    {
        for (var page = 0L; page < range.PageCount; page += int.MaxValue)
        {
            range.Memory.Wake(page, (int)Math.Min(range.PageCount - page, int.MaxValue));
        }
    }

    /// <summary>Step 7: a page that still has the frame of the checkpoint needs it no more.</summary>
    private void Settle(MemoryRange range, List<PersistentChange> changes)
    {
        foreach (var (page, frame) in changes)
        {
            while (true)
            {
                var epoch = _manager.Progress.Epoch;
                var entry = range.Table.Read(page);
                if (entry.IsOwned)
                {
                    // It may be reading the frame just now.
                    _manager.Progress.Wait(epoch);
                    continue;
                }

                if (!entry.HasFrame || entry.Frame != frame)
                {
                    break;
                }

                if (range.Table.TryTransition(page, entry, entry.WithoutFrame()))
                {
                    range.Store!.PageMap.Put(frame, range.FramesPerPage);
                    break;
                }
            }

            range.Store!.PageMap.Keep(frame, range.FramesPerPage);
        }
    }
}
