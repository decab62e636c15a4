// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Pmem;

/// <content>What changes the file.</content>
public sealed partial class PmemStore
{
    /// <summary>Makes a checkpoint; when it returns, it is durable.</summary>
    /// <param name="draft">Its range.</param>
    /// <param name="changes">The pages that differ from the range's last checkpoint, rising; already written.</param>
    /// <param name="space">Where frames come from and go to.</param>
    /// <returns>The checkpoint. From here on the frames of <paramref name="changes"/> are its own.</returns>
    /// <exception cref="HmmException">
    /// ENOSPC: no frame is free, or the disk is full. EIO, EBADMSG: the file failed. All is what it was.
    /// </exception>
    public StoredCheckpoint Commit(CheckpointDraft draft, IReadOnlyList<TableChange> changes, IFrameSpace space)
    {
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentNullException.ThrowIfNull(changes);
        ArgumentNullException.ThrowIfNull(space);
        lock (_gate)
        {
            RequireUsableLocked();
            var taken = new List<ulong>();
            try
            {
                var last = Find(draft.Name);
                var old = new FrameTable(
                    Nodes, last?.Table ?? default, last?.Levels ?? PmemFormat.LevelsFor(draft.PageCount));
                RequireWritten(old.TryRewrite(changes, _file, space, taken, out var top));
                var record = new StoredCheckpoint(
                    draft.Name,
                    _current.Sequence + 1,
                    draft.TimeNs,
                    draft.PageCount,
                    draft.LengthBytes,
                    draft.ElementBytes,
                    draft.UserId,
                    top,
                    changes.Count);
                FlipLocked([.. DropOldLocked(record), record], draft.TimeNs, space, taken);
                return record;
            }
            catch when (!_failed)
            {
                taken.ForEach(space.GiveBack);
                throw;
            }
        }
    }

    /// <summary>Removes a range with all of its checkpoints.</summary>
    /// <exception cref="HmmException">ENOENT: there is none. EBUSY: one is open. Others: as Commit.</exception>
    public void Remove(FixedName name, ulong timeNs, IFrameSpace space)
    {
        ArgumentNullException.ThrowIfNull(space);
        lock (_gate)
        {
            RequireUsableLocked();
            if (Find(name) is null)
            {
                throw new HmmException(
                    Errno.ENOENT, $"\"{_file.Name}\" has no range '{name}'; 'hmm pmem list' lists those it has.");
            }

            if (_current.Records.Any(record => record.IsOf(name) && _held.ContainsKey(record.Sequence)))
            {
                throw new HmmException(Errno.EBUSY, $"Range '{name}' is open; close it first.");
            }

            var taken = new List<ulong>();
            try
            {
                FlipLocked([.. _current.Records.Where(record => !record.IsOf(name))], timeNs, space, taken);
            }
            catch when (!_failed)
            {
                taken.ForEach(space.GiveBack);
                throw;
            }
        }
    }

    /// <summary>The records without those of the new one's range that are too many now and not open.</summary>
    private IEnumerable<StoredCheckpoint> DropOldLocked(StoredCheckpoint added)
    {
        var own = _current.Records.Where(record => record.IsOf(added.Name)).ToList();
        var dropped = own.Take(Math.Max(0, own.Count + 1 - _current.Kept))
            .Where(record => !_held.ContainsKey(record.Sequence))
            .ToHashSet();
        return _current.Records.Where(record => !dropped.Contains(record));
    }

    /// <summary>Steps 2 (the directory) to 5.</summary>
    private void FlipLocked(
        IReadOnlyList<StoredCheckpoint> records, ulong timeNs, IFrameSpace space, List<ulong> taken)
    {
        if (records.Count > Root.RecordsMax)
        {
            throw new HmmException(
                Errno.ENOSPC,
                $"\"{_file.Name}\" lists {Root.RecordsMax} checkpoints and has no room for more; remove ranges.");
        }

        records = [.. records.OrderBy(static record => record.Name.ToString(), StringComparer.Ordinal)
            .ThenBy(static record => record.Sequence)];
        var directory = WriteDirectory(records, space, taken);
        var next = _current with
        {
            Sequence = _current.Sequence + 1,
            TimeNs = timeNs,
            Directory = directory,
            Records = records,
        };
        if (_mutant != PmemMutant.RootBeforeSync)
        {
            RequireWritten(_file.Sync());
        }

        // From here on nobody knows which root a crash leaves, until the second sync has returned: if one of these
        // fails, no frame of either may be used again.
        _failed = true;
        RequireWritten(WriteSlot(next));
        if (_mutant != PmemMutant.NoSyncAfterRoot)
        {
            RequireWritten(_file.Sync());
        }

        _failed = false;
        var (before, current) = (_before, _current);
        _before = current;
        Volatile.Write(ref _current, next);
        if (_mutant == PmemMutant.FreeTooEarly)
        {
            (before, current) = (current, next);
        }

        if (before is not null)
        {
            Free(before, current, next, space);
        }
    }

    private FramePointer[] WriteDirectory(
        IReadOnlyList<StoredCheckpoint> records, IFrameSpace space, List<ulong> taken)
    {
        var directory = new FramePointer[(records.Count + StoredCheckpoint.PerFrame - 1) / StoredCheckpoint.PerFrame];
        var bytes = new byte[PmemFormat.FrameBytes];
        for (var i = 0; i < directory.Length; i++)
        {
            Array.Clear(bytes);
            var first = i * StoredCheckpoint.PerFrame;
            for (var at = first; at < Math.Min(first + StoredCheckpoint.PerFrame, records.Count); at++)
            {
                records[at].WriteTo(bytes.AsSpan((at - first) * StoredCheckpoint.SizeBytes));
            }

            if (!space.TryTake(out var frame))
            {
                RequireWritten(Errno.ENOSPC);
            }

            taken.Add(frame);
            directory[i] = new FramePointer(frame, Crc32C.Of(bytes));
            RequireWritten(_file.Write(PmemFormat.OffsetOf(frame), bytes));
        }

        return directory;
    }

    /// <summary>Frees what the overwritten root named and neither of the two that are left does.</summary>
    private void Free(Root overwritten, Root before, Root current, IFrameSpace space)
    {
        foreach (var pointer in overwritten.Directory)
        {
            space.GiveBack(pointer.Frame);
        }

        var live = before.Records.Concat(current.Records).DistinctBy(static record => record.Sequence).ToList();
        var sequences = live.Select(static record => record.Sequence).ToHashSet();
        var dropped = overwritten.Records.Where(record => !sequences.Contains(record.Sequence)).ToList();
        var difference = new TableDifference(Nodes);
        while (dropped.Count > 0)
        {
            var gone = dropped[0];
            dropped.RemoveAt(0);

            // Those that are still to go count as neighbours until it is their turn: each frame is freed once.
            var others = live.Concat(dropped).Where(record => record.IsOf(gone.Name)).ToList();
            difference.Run(
                gone,
                others.Where(record => record.Sequence < gone.Sequence).MaxBy(static record => record.Sequence),
                others.Where(record => record.Sequence > gone.Sequence).MinBy(static record => record.Sequence),
                space.GiveBack);
        }
    }

    private void RequireUsableLocked()
    {
        if (_failed)
        {
            throw new HmmException(
                Errno.EIO,
                $"A root of \"{_file.Name}\" could not be written, and it is not known which one counts: mend the disk "
                    + "and open the file again; until then nothing is written to it.");
        }
    }

    private void RequireWritten(Errno error)
    {
        if (error != Errno.None)
        {
            throw new HmmException(
                error,
                error switch
                {
                    Errno.ENOSPC => $"\"{_file.Name}\" or its disk is full: the checkpoint was not made, the last one "
                        + "is whole; make room, or keep fewer checkpoints.",
                    Errno.EBADMSG => $"A node of a table in \"{_file.Name}\" is damaged: the checkpoint was not made; "
                        + "'hmm pmem check' says what is left.",
                    _ => $"\"{_file.Name}\" could not be written: the checkpoint was not made; look at its disk.",
                });
        }
    }
}
