// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Pmem;

/// <summary>
/// Looks at every byte that any checkpoint depends on: both root slots, both directories, every node and every page.
/// A flipped bit in any of them is found, since each is vouched for by the checksum in what points to it.
/// </summary>
public sealed class PmemCheck
{
    private readonly IPmemFile _file; // immutable
    private readonly PmemStore _store; // immutable
    private readonly FrameSet _seen; // Guarded by: owner
    private readonly List<PmemFinding> _findings = []; // Guarded by: owner
    private readonly byte[] _page = new byte[PmemFormat.FrameBytes]; // Guarded by: owner

    private PmemCheck(IPmemFile file, PmemStore store)
    {
        _file = file;
        _store = store;
        _seen = new FrameSet(store.FrameCount);
    }

    /// <summary>What is wrong; empty: nothing.</summary>
    public IReadOnlyList<PmemFinding> Findings => _findings;

    /// <summary>How many pages were read and compared.</summary>
    public long PagesChecked { get; private set; }

    /// <summary>How many nodes of tables were read and compared.</summary>
    public long NodesChecked { get; private set; }

    /// <summary>The store that was checked.</summary>
    public PmemStore Store => _store;

    /// <summary>Checks a file.</summary>
    /// <exception cref="HmmException">As <see cref="PmemStore.Open"/>: there is nothing to check.</exception>
    public static PmemCheck Run(IPmemFile file, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        var check = new PmemCheck(file, PmemStore.Open(file));
        check.CheckSlots();
        foreach (var root in (Root?[])[check._store.Current, check._store.Before])
        {
            foreach (var record in root?.Records ?? [])
            {
                cancellation.ThrowIfCancellationRequested();
                check.CheckRecord(record);
            }
        }

        return check;
    }

    private void CheckSlots()
    {
        for (var slot = 0; slot < PmemFormat.SlotCount; slot++)
        {
            if (!Root.TryRead(_file, slot, out var root, out var why))
            {
                Find(
                    (ulong)slot, string.Empty, 0, -1,
                    $"{why}: the file goes by the other one, and the next checkpoint mends it");
            }
            else if (root.FileId != _store.FileId)
            {
                Find((ulong)slot, string.Empty, 0, -1, $"root slot {slot} is of another file");
            }
        }
    }

    private void CheckRecord(StoredCheckpoint record)
    {
        var name = record.Name.ToString();
        new TableWalk(_store.Nodes, _store.FrameCount).Run(
            record,
            (pointer, level, index) => Visit(record, name, pointer, level, index),
            (pointer, level, index, error) => Find(
                pointer.Frame,
                name,
                record.Sequence,
                level < 0 ? index : index << ((level + 1) * PmemFormat.NodeShift),
                error == Errno.ERANGE
                    ? "a pointer leaves the file"
                    : $"a node of its table, for {1L << ((level + 1) * PmemFormat.NodeShift)} pages, is damaged"));
    }

    private bool Visit(StoredCheckpoint record, string name, FramePointer pointer, int level, long index)
    {
        if (!_seen.Add(pointer.Frame))
        {
            return false; // Shared with a checkpoint that was looked at: the same frame has the same bytes.
        }

        if (level >= 0)
        {
            NodesChecked++;
            return true;
        }

        PagesChecked++;
        var error = _file.Read(PmemFormat.OffsetOf(pointer.Frame), _page);
        if (error != Errno.None || Crc32C.Of(_page) != pointer.Checksum)
        {
            Find(pointer.Frame, name, record.Sequence, index, "the page is damaged");
        }

        return false;
    }

    private void Find(ulong frame, string range, ulong sequence, long page, string sentence) =>
        _findings.Add(new PmemFinding(frame, range, sequence, page, sentence));
}
