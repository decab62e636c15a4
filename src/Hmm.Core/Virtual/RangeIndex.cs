// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;
using Hmm.Uapi;

namespace Hmm.Core.Virtual;

/// <summary>
/// All ranges of the host by id, for what only has a page's token: the reclaim queue and the frames' reverse links.
/// Ids are handed out in turn, so an id comes back as late as possible; a stale token that meets a new range does no
/// harm: it only lets a page leave early.
/// </summary>
/// <remarks>
/// Threads: any. Readers take no lock: the array is replaced when it grows, its slots are written
/// atomically.
/// </remarks>
internal sealed class RangeIndex
{
    private readonly Lock _gate = new();
    private MemoryRange?[] _ranges = new MemoryRange?[64]; // Guarded by: _gate for writers, atomic for readers
    private uint _lastId; // Guarded by: _gate
    private int _count; // Guarded by: _gate

    /// <summary>How many ranges there are.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _count;
            }
        }
    }

    /// <summary>Makes a range with the next free id and adds it.</summary>
    /// <exception cref="HmmException">EMFILE: all 2^24 ids are in use.</exception>
    public MemoryRange Add(Func<uint, MemoryRange> create)
    {
        lock (_gate)
        {
            GrowIfCrowdedLocked();
            var id = NextFreeIdLocked();
            var range = create(id);
            Volatile.Write(ref _ranges[id], range);
            _lastId = id;
            _count++;
            return range;
        }
    }

    /// <summary>Takes a closed range out.</summary>
    public void Remove(MemoryRange range)
    {
        lock (_gate)
        {
            Corruption.Require(_ranges[range.Id] == range, "a range is removed once");
            Volatile.Write(ref _ranges[range.Id], null);
            _count--;
        }
    }

    /// <summary>Finds a range and takes a reference on it, unless it is closing.</summary>
    public bool TryAcquire(uint id, out MemoryRange range)
    {
        var ranges = Volatile.Read(ref _ranges);
        var found = id < (uint)ranges.Length ? Volatile.Read(ref ranges[id]) : null;
        range = found!;
        return found is not null && found.Lifetime.TryGet();
    }

    /// <summary>The ranges as they are now, for people to look at.</summary>
    public IReadOnlyList<MemoryRange> Snapshot()
    {
        lock (_gate)
        {
            return [.. _ranges.Where(static range => range is not null).Select(static range => range!)];
        }
    }

    private void GrowIfCrowdedLocked()
    {
        var full = _ranges.Length > PageToken.RangeIdMax;
        if (_count >= PageToken.RangeIdMax)
        {
            throw new HmmException(
                Errno.EMFILE, $"The host holds {_count} ranges, which is all it can number; close some.");
        }

        if (!full && _count >= _ranges.Length / 2)
        {
            var larger = new MemoryRange?[_ranges.Length * 2];
            Array.Copy(_ranges, larger, _ranges.Length);
            Volatile.Write(ref _ranges, larger);
        }
    }

    private uint NextFreeIdLocked()
    {
        // Ends: GrowIfCrowdedLocked left at least one free slot besides slot 0, which names no range.
        var id = _lastId;
        do
        {
            id = id + 1 < (uint)_ranges.Length ? id + 1 : 1;
        }
        while (_ranges[id] is not null);
        return id;
    }
}
