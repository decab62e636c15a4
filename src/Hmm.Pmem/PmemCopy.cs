// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Pmem;

/// <summary>Copies the newest checkpoint of ranges into another file, checking every page on the way.</summary>
public static class PmemCopy
{
    /// <summary>Copies one range.</summary>
    /// <param name="from">The file that it is in.</param>
    /// <param name="source">Its store.</param>
    /// <param name="record">The checkpoint.</param>
    /// <param name="to">The file that it goes to.</param>
    /// <param name="target">Its store, without a range of that name.</param>
    /// <exception cref="HmmException">
    /// EEXIST: the range is there. EIO: a page or node of the source is damaged. ENOSPC: the target is full.
    /// </exception>
    public static void Run(
        IPmemFile from, PmemStore source, StoredCheckpoint record, IPmemFile to, PmemStore target)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        if (target.Find(record.Name) is not null)
        {
            throw new HmmException(
                Errno.EEXIST, $"\"{to.Name}\" has a range '{record.Name}' already; remove it first.");
        }

        var space = new FileSpace(target);
        var changes = new List<TableChange>();
        var page = new byte[PmemFormat.FrameBytes];
        new TableWalk(source.Nodes, source.FrameCount).Run(
            record,
            (pointer, level, index) =>
            {
                if (level < 0)
                {
                    changes.Add(new TableChange(index, CopyPage(from, to, space, pointer, index, page)));
                }

                return true;
            },
            (_, _, index, _) => throw PmemFormat.Damaged(from, $"the table of '{record.Name}' at page {index}"));
        target.Commit(
            new CheckpointDraft(
                record.Name, record.PageCount, record.LengthBytes, record.ElementBytes, record.UserId, record.TimeNs),
            changes,
            space);
    }

    private static FramePointer CopyPage(
        IPmemFile from, IPmemFile to, FileSpace space, FramePointer pointer, long index, byte[] page)
    {
        if (from.Read(PmemFormat.OffsetOf(pointer.Frame), page) != Errno.None || Crc32C.Of(page) != pointer.Checksum)
        {
            throw PmemFormat.Damaged(from, $"page {index}, in frame {pointer.Frame}");
        }

        var error = space.TryTake(out var frame) ? to.Write(PmemFormat.OffsetOf(frame), page) : Errno.ENOSPC;
        return error == Errno.None
            ? new FramePointer(frame, pointer.Checksum)
            : throw new HmmException(error, $"\"{to.Name}\" or its disk is full; make the copy larger.");
    }
}
