// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>
/// The host's end of a client's hint ring. The client may write anything at any time: an entry is copied out once and
/// checked after that, a tail that makes no sense empties the ring, and no index comes out of shared memory unmasked.
/// </summary>
/// <remarks>Threads: one at a time, under the lock of <see cref="HintRings"/>.</remarks>
internal sealed class HintRing : IDisposable
{
    private readonly MappedMemory _memory; // immutable
    private readonly int _entries; // immutable
    private ulong _head; // Guarded by: the caller

    /// <summary>Maps a client's ring.</summary>
    /// <param name="session">Whose hints they are.</param>
    /// <param name="file">The memfd, of a fixed length that was checked.</param>
    /// <param name="entries">A power of two.</param>
    public HintRing(SessionOperations session, MemoryFile file, int entries)
    {
        Session = session;
        _entries = entries;
        _memory = MappedMemory.Map(file, HintRingLayout.SizeBytes(entries), alignmentBytes: 4096);
    }

    /// <summary>Whose hints they are.</summary>
    public SessionOperations Session { get; }

    /// <summary>Hints that the client could not place; what it says.</summary>
    public ulong Dropped => Volatile.Read(ref _memory.At<ulong>(HintRingLayout.DroppedOffset));

    private bool IsEmpty => Volatile.Read(ref _memory.At<ulong>(HintRingLayout.TailOffset)) == _head;

    /// <summary>Takes the oldest hints.</summary>
    /// <returns>How many.</returns>
    public int Take(Span<HintEntry> hints)
    {
        var tail = Volatile.Read(ref _memory.At<ulong>(HintRingLayout.TailOffset));
        if (tail - _head > (ulong)_entries)
        {
            _head = tail; // No client of ours does that; what lies there may be anything.
        }

        var count = (int)Math.Min(tail - _head, (ulong)hints.Length);
        for (var i = 0; i < count; i++)
        {
            var place = ((_head + (ulong)i) & ((ulong)_entries - 1)) * HintEntry.StructBytes;
            hints[i] = _memory.At<HintEntry>(HintRingLayout.EntriesOffset + place);
        }

        _head += (ulong)count;
        Volatile.Write(ref _memory.At<ulong>(HintRingLayout.HeadOffset), _head);
        return count;
    }

    /// <summary>
    /// Tells the client that the host is about to sleep; false if there are hints after all. The fence is between our
    /// flag and its tail, as on the other side.
    /// </summary>
    public bool TrySleep()
    {
        Volatile.Write(ref _memory.At<uint>(HintRingLayout.SleepingOffset), 1);
        Interlocked.MemoryBarrier();
        return IsEmpty;
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();
}
