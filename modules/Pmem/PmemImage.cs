// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Pmem;
using Hmm.Uapi;

namespace Hmm.Modules.Pmem;

/// <summary>
/// An open range as its last checkpoint has it. Opening reads nothing: a page's frame is looked up when the page is
/// read.
/// </summary>
/// <remarks>
/// Threads: hooks from any; copies on the workers. A read that a commit overtakes may find nodes of the table before
/// used again; their checksums tell, and it begins anew on the table of now.
/// </remarks>
internal sealed class PmemImage : IPersistentImage, ICopyTarget
{
    private readonly PmemDevice _device; // immutable
    private readonly IPmemFile _file; // immutable
    private readonly PmemStore _store; // immutable
    private readonly CopyWorkers _workers; // immutable
    private readonly PersistentCheckpoint _wanted; // immutable
    private readonly StoredCheckpoint? _held; // immutable; the older checkpoint that it is, which the store keeps
    private FrameTable? _table; // Guarded by: atomic; null: all zeros
    private Pfn _first; // Guarded by: set once by Attach, before any hook
    private int _disposed; // Guarded by: atomic

    public PmemImage(
        PmemDevice device,
        IPmemFile file,
        PmemStore store,
        CopyWorkers workers,
        PersistentCheckpoint wanted,
        StoredCheckpoint? record)
    {
        _device = device;
        _file = file;
        _store = store;
        _workers = workers;
        _wanted = wanted;
        _held = wanted.Sequence == 0 ? null : record;
        _table = record is null ? null : store.TableOf(record);
    }

    /// <inheritdoc/>
    public void Attach(Pfn first) => _first = first;

    /// <inheritdoc/>
    public ulong Commit(IReadOnlyList<PersistentChange> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        if (_held is not null)
        {
            throw new HmmException(
                Errno.EROFS,
                $"Range '{_wanted.Name}' is open at its older checkpoint {_held.Sequence}, from which no other can be "
                    + "made; open its last one.");
        }

        var table = new TableChange[changes.Count];
        for (var i = 0; i < table.Length; i++)
        {
            table[i] = new TableChange(changes[i].Page, _device.PointerTo(changes[i].Frame));
        }

        var record = _store.Commit(
            new CheckpointDraft(
                FixedName.Create(_wanted.Name),
                _wanted.PageCount,
                _wanted.LengthBytes,
                _wanted.ElementBytes,
                _wanted.UserId,
                PmemTime.NowNs),
            table,
            _device.Space);
        Volatile.Write(ref _table, _store.TableOf(record));
        return record.Sequence;
    }

    /// <inheritdoc/>
    public void Fault(CopyBatch batch) => _workers.Add(batch, this, write: false);

    /// <inheritdoc/>
    public void Evict(CopyBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        batch.CompleteAll(Errno.EROFS);
    }

    /// <inheritdoc/>
    public void Free(Pfn first, int frameCount)
    {
        // The frames stand for the range's pages, not for anything that could be given back.
    }

    /// <inheritdoc/>
    public unsafe Errno Copy(in CopySegment segment, bool write)
    {
        // Safe because the segment's buffer is its own until it is completed.
        var buffer = new Span<byte>((void*)segment.Buffer, segment.LengthBytes);
        var page = segment.First - _first;
        var isLast = false;
        while (true)
        {
            var table = Volatile.Read(ref _table);
            var error = Read(table, page, buffer);
            if (error == Errno.None || (isLast && table == Volatile.Read(ref _table)))
            {
                return error == Errno.EBADMSG ? Errno.EIO : error;
            }

            isLast = table == Volatile.Read(ref _table);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        if (_held is not null)
        {
            _store.LetGo(_held);
        }
        else
        {
            _device.Close(_wanted.Name);
        }
    }

    /// <summary>Reads pages, those whose frames are neighbours together.</summary>
    private Errno Read(FrameTable? table, long page, Span<byte> buffer)
    {
        if (table is null)
        {
            buffer.Clear();
            return Errno.None;
        }

        Span<FramePointer> frames = stackalloc FramePointer[CopyBatch.FramesMax];
        frames = frames[..(buffer.Length >> PmemFormat.FrameShift)];
        for (var i = 0; i < frames.Length; i++)
        {
            var error = table.Find(page + i, out frames[i]);
            if (error != Errno.None)
            {
                return error;
            }
        }

        for (var i = 0; i < frames.Length;)
        {
            var run = 1;
            while (i + run < frames.Length && frames[i + run].Frame == frames[i].Frame + (ulong)run
                && !frames[i].IsNone)
            {
                run++;
            }

            var error = ReadRun(
                frames.Slice(i, run), buffer.Slice(i << PmemFormat.FrameShift, run << PmemFormat.FrameShift));
            if (error != Errno.None)
            {
                return error;
            }

            i += run;
        }

        return Errno.None;
    }

    private Errno ReadRun(ReadOnlySpan<FramePointer> frames, Span<byte> buffer)
    {
        if (frames[0].IsNone)
        {
            buffer.Clear();
            return Errno.None;
        }

        var error = _file.Read(PmemFormat.OffsetOf(frames[0].Frame), buffer);
        for (var i = 0; i < frames.Length && error == Errno.None; i++)
        {
            var bytes = buffer.Slice(i << PmemFormat.FrameShift, PmemFormat.FrameBytes);
            error = Crc32C.Of(bytes) == frames[i].Checksum ? Errno.None : Errno.EBADMSG;
        }

        return error;
    }
}
