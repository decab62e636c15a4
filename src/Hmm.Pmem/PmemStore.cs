// SPDX-License-Identifier: GPL-2.0-or-later
using System.Security.Cryptography;
using Hmm.Uapi;

namespace Hmm.Pmem;

/// <summary>
/// The named ranges of one file, and their checkpoints. Nothing that a checkpoint names is ever written again: a commit
/// writes new nodes beside the old ones, and one frame, the root slot, makes them count.
/// <code>
///   1 pages     in new frames, by the caller, before
///   2 nodes     new ones from the leaves up, and a new directory
///   3 sync      everything that the new root will name is durable
///   4 root      into the slot of the root before the last
///   5 sync      the checkpoint exists; only now are frames of dropped ones free
/// </code>
/// </summary>
/// <remarks>
/// Threads: any; commits take turns. Invariant: both roots are whole at any time, so a slot that is torn, or fails
/// later, leaves the one before.
/// </remarks>
public sealed partial class PmemStore
{
    private readonly Lock _gate = new();
    private readonly IPmemFile _file; // immutable
    private readonly PmemMutant _mutant; // immutable
    private readonly Dictionary<ulong, int> _held = []; // Guarded by: _gate; checkpoints that are open, by sequence
    private Root _current; // Guarded by: _gate for writers, atomic for readers
    private Root? _before; // Guarded by: _gate; null: the other slot is damaged
    private bool _failed; // Guarded by: _gate

    private PmemStore(IPmemFile file, Root current, Root? before, PmemMutant mutant)
    {
        _file = file;
        _current = current;
        _before = before;
        _mutant = mutant;
        Nodes = new NodeCache(file, NodesCached);
    }

    /// <summary>The file's identity.</summary>
    public Guid FileId => _current.FileId;

    /// <summary>How many frames the file has.</summary>
    public ulong FrameCount => _current.FrameCount;

    /// <summary>The last root.</summary>
    public Root Current => Volatile.Read(ref _current);

    /// <summary>The root before it; null where its slot is damaged.</summary>
    public Root? Before => _before;

    /// <summary>Its checkpoints, by name and then oldest first.</summary>
    public IReadOnlyList<StoredCheckpoint> Checkpoints => Current.Records;

    /// <summary>Nodes of its tables.</summary>
    public NodeCache Nodes { get; }

    // 16 MiB at most, for the tables of 4 GiB of pages; a page that is not covered costs one read more.
    private const int NodesCached = 4096;

    /// <summary>Makes an empty store of a file, whatever it holds.</summary>
    /// <param name="file">The file.</param>
    /// <param name="kept">How many checkpoints of each range to keep.</param>
    /// <param name="timeNs">The time, in nanoseconds since 1970.</param>
    /// <param name="mutant">A broken variant, for tests that must fail.</param>
    /// <exception cref="HmmException">EINVAL: too small. And the file's error.</exception>
    public static PmemStore Format(IPmemFile file, int kept, ulong timeNs, PmemMutant mutant = PmemMutant.None)
    {
        ArgumentNullException.ThrowIfNull(file);
        var frames = Math.Min(file.LengthBytes >> PmemFormat.FrameShift, PmemFormat.FramesMax);
        if (frames < PmemFormat.FramesMin)
        {
            throw new HmmException(
                Errno.EINVAL,
                $"\"{file.Name}\" has {file.LengthBytes} bytes; a file of persistent ranges has at least "
                    + $"{PmemFormat.FramesMin << PmemFormat.FrameShift}.");
        }

        var id = new Guid(RandomNumberGenerator.GetBytes(16));
        var first = new Root(id, frames, 2, timeNs, CheckKept(kept), [], []);
        var second = first with { Sequence = 3 };
        var store = new PmemStore(file, second, first, mutant);
        store.Require(store.WriteSlot(first), "written");
        store.Require(store.WriteSlot(second), "written");
        store.Require(file.Sync(), "made durable");
        return store;
    }

    /// <summary>Opens a file as its last root says, or the one before where that is damaged.</summary>
    /// <exception cref="HmmException">
    /// EINVAL: it is no file of persistent ranges. EPROTONOSUPPORT: of another version. EIO: cut short, or both roots
    /// are damaged.
    /// </exception>
    public static PmemStore Open(IPmemFile file, PmemMutant mutant = PmemMutant.None)
    {
        ArgumentNullException.ThrowIfNull(file);
        var isFirst = Root.TryRead(file, 0, out var first, out var whyFirst);
        var isSecond = Root.TryRead(file, 1, out var second, out var whySecond);
        if (!isFirst && !isSecond)
        {
            throw ExplainNoRoot(file, whyFirst, whySecond);
        }

        var secondIsLast = second is not null && (first is null || second.Sequence > first.Sequence);
        var current = secondIsLast ? second! : first!;
        if (file.LengthBytes >> PmemFormat.FrameShift < current.FrameCount)
        {
            throw PmemFormat.Damaged(
                file,
                $"it was cut short: it has {file.LengthBytes} bytes and was made with "
                    + $"{current.FrameCount << PmemFormat.FrameShift}");
        }

        var before = secondIsLast ? first : second;
        return new PmemStore(file, current, before?.FileId == current.FileId ? before : null, mutant);
    }

    /// <summary>The newest checkpoint of a range, or one of a certain sequence.</summary>
    /// <param name="name">The range.</param>
    /// <param name="sequence">0: the newest.</param>
    /// <returns>Null: there is none.</returns>
    public StoredCheckpoint? Find(FixedName name, ulong sequence = 0) =>
        Checkpoints.LastOrDefault(record => record.IsOf(name) && (sequence == 0 || record.Sequence == sequence));

    /// <summary>The table of a checkpoint.</summary>
    public FrameTable TableOf(StoredCheckpoint record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return new FrameTable(Nodes, record.Table, record.Levels);
    }

    /// <summary>Keeps a checkpoint while it is open, however many come after it.</summary>
    public void Hold(StoredCheckpoint record)
    {
        ArgumentNullException.ThrowIfNull(record);
        lock (_gate)
        {
            _held[record.Sequence] = _held.GetValueOrDefault(record.Sequence) + 1;
        }
    }

    /// <summary>Ends one <see cref="Hold"/>.</summary>
    public void LetGo(StoredCheckpoint record)
    {
        ArgumentNullException.ThrowIfNull(record);
        lock (_gate)
        {
            if (--_held[record.Sequence] == 0)
            {
                _held.Remove(record.Sequence);
            }
        }
    }

    /// <summary>Every frame that either root names, its slots included: what may not be written.</summary>
    public FrameSet FramesInUse()
    {
        var used = new FrameSet(FrameCount);
        used.Add(0);
        used.Add(1);
        var walk = new TableWalk(Nodes, FrameCount);
        foreach (var root in Roots)
        {
            foreach (var pointer in root.Directory)
            {
                used.Add(pointer.Frame);
            }

            foreach (var record in root.Records)
            {
                // What is damaged names nothing that could be saved, so its frames count as free.
                walk.Run(record, (pointer, _, _) => used.Add(pointer.Frame), static (_, _, _, _) => { });
            }
        }

        return used;
    }

    private IEnumerable<Root> Roots => _before is null ? [_current] : [_current, _before];

    private static int CheckKept(int kept) => kept is >= PmemFormat.KeptMin and <= PmemFormat.KeptMax
        ? kept
        : throw new HmmException(
            Errno.EINVAL, $"A file keeps {PmemFormat.KeptMin} to {PmemFormat.KeptMax} checkpoints each, not {kept}.");

    private static HmmException ExplainNoRoot(IPmemFile file, string first, string second)
    {
        var slot = new byte[PmemFormat.FrameBytes];
        var known = false;
        for (var number = 0UL; number < PmemFormat.SlotCount; number++)
        {
            if (file.Read(PmemFormat.OffsetOf(number), slot) != Errno.None || !Root.IsSlot(slot, out var version))
            {
                continue;
            }

            known = true;
            if (version != PmemFormat.Version)
            {
                return new HmmException(
                    Errno.EPROTONOSUPPORT,
                    $"\"{file.Name}\" has format version {version} and this program reads version "
                        + $"{PmemFormat.Version}; use one of the file's time.");
            }
        }

        return known
            ? PmemFormat.Damaged(file, $"{first}, and {second}")
            : new HmmException(
                Errno.EINVAL, $"\"{file.Name}\" is no file of persistent ranges; name one, or a new path.");
    }

    private Errno WriteSlot(Root root)
    {
        Span<byte> slot = stackalloc byte[PmemFormat.FrameBytes];
        root.WriteTo(slot);
        return _file.Write(PmemFormat.OffsetOf((ulong)root.Slot), slot);
    }

    private void Require(Errno error, string what)
    {
        if (error != Errno.None)
        {
            throw new HmmException(error, $"\"{_file.Name}\" could not be {what}; look at its disk.");
        }
    }
}
