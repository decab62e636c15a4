// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using Hmm.Core.Devices;
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Block;

/// <summary>
/// Device memory in a file or block device. The log says at which place of it a frame's page is stored, the driver word
/// remembers that and a CRC32C of what is stored there, which is checked on every read: the disk may fail, but never
/// quietly. Pages are encrypted where asked for.
/// </summary>
/// <remarks>
/// Threads: hooks from any; completions on the file's; cleaning and discarding on the keeper's. No hook waits for I/O.
/// Invariants: a frame's driver word changes only under the gate, or while the frame is being written; the log's owner
/// of a word's place is that word's frame. A page is moved by writing it anew, then changing the word: a read that was
/// under way meanwhile finds the word changed, and reads again.
/// </remarks>
internal sealed unsafe partial class BlockDevice : IDriverDevice, IPeerMemoryOps, IFileIoCompletion
{
    private const int PageShift = Pfn.Shift;

    private readonly string _name; // immutable
    private readonly Action<string> _say; // immutable
    private readonly IBlockFile _file; // immutable
    private readonly Lock _gate = new();
    private readonly Log _log; // Guarded by: _gate
    private readonly PageCipher? _cipher; // immutable
    private readonly SealTable? _seals; // Guarded by: the owner of the place
    private readonly CopyTable _copies = new(TransferTag.CopiesMax);
    private readonly CopyState[] _states = new CopyState[TransferTag.CopiesMax]; // Guarded by: the copy's transfers
    private readonly Keeper _keeper; // immutable
    private DeviceMemory _memory = null!; // Guarded by: set once by Attach, before any hook
    private Pfn _first; // Guarded by: set once by Attach, before any hook

    /// <summary>Creates a device on a file, which it owns from here on.</summary>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="file">The file.</param>
    /// <param name="sizeBytes">Its frames in bytes; less than the file by <see cref="LogSize"/>'s rule.</param>
    /// <param name="encrypt">Whether pages are encrypted.</param>
    /// <param name="say">Where to tell people of bad days.</param>
    public BlockDevice(string name, IBlockFile file, ulong sizeBytes, bool encrypt, Action<string> say)
    {
        (_name, _file, _say) = (name, file, say);
        SizeBytes = sizeBytes;
        var segments = LogSize.SegmentsOf(file.LengthBytes);
        _log = new Log(segments);
        if (encrypt)
        {
            _cipher = new PageCipher();
            _seals = new SealTable((long)segments * Log.SegmentPages);
        }

        _keeper = new Keeper(Keep);
        _sharedReads = new SharedCompletion(this);
    }

    /// <inheritdoc/>
    public ulong SizeBytes { get; }

    /// <inheritdoc/>
    public string Description => (_cipher is null ? string.Empty : "encrypted, ") + _file.Description;

    /// <inheritdoc/>
    public string Location => _file.Location;

    /// <inheritdoc/>
    public void Attach(DeviceMemory memory, Pfn first)
    {
        ArgumentNullException.ThrowIfNull(memory);
        (_memory, _first) = (memory, first);

        // Without it transfers are as right, and a little slower: where the limit on locked memory is low, so be it.
        _ = _file.RegisterBuffers([.. memory.CopyBuffers.Select(static buffers =>
            new FileIoBuffers(buffers.Address, buffers.SizeBytes, buffers.SizeBytes, buffers.Count))]);
        _keeper.Start();
    }

    /// <inheritdoc/>
    public void Fault(CopyBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);

        // The last completion may recycle the batch while this loop still runs: everything is read before.
        var count = batch.Count;
        for (var i = 0; i < count; i++)
        {
            Read(batch, i, batch[i]);
        }
    }

    /// <inheritdoc/>
    public void Evict(CopyBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var count = batch.Count;
        for (var i = 0; i < count; i++)
        {
            Write(batch, i, batch[i]);
        }
    }

    /// <inheritdoc/>
    public void Free(Pfn first, int frameCount)
    {
        bool wake;
        lock (_gate)
        {
            for (var frame = first; frame < first + frameCount; frame += 1)
            {
                ReleaseLocked(frame);
            }

            wake = _log.WantsCleaning;
        }

        if (wake)
        {
            _keeper.Wake();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The keeper's transfers end before the file does.
        _keeper.Dispose();
        _file.Dispose();
        _cleaner.Dispose();
        _decoders.Dispose();
        _cipher?.Dispose();
        _seals?.Dispose();
        _log.Dispose();
    }

    /// <summary>The log's counts, for people and measurements.</summary>
    internal LogCounts Counts
    {
        get
        {
            lock (_gate)
            {
                return new LogCounts(
                    _log.LivePages, _log.PagesWritten, _log.PagesMoved, _log.RunsWritten, _log.PagesJoined);
            }
        }
    }

    [SkipLocalsInit]
    private void Write(CopyBatch batch, int index, CopySegment segment)
    {
        if (!_copies.TryAdd(batch, index, out var copy))
        {
            batch.Complete(index, Errno.ENOMEM);
            return;
        }

        Span<PlaceRun> room = stackalloc PlaceRun[segment.FrameCount];
        if (!TryTakePlaces(segment, room, out var count))
        {
            _copies.Complete(copy, Errno.ENOSPC);
            return;
        }

        var runs = room[..count];
        foreach (var run in runs)
        {
            for (var i = 0; i < run.Count; i++)
            {
                Store(segment, run.First + i, run.Place + (uint)i);
            }
        }

        Submit(copy, segment, runs, write: true);
    }

    /// <summary>Encrypts and sums a page that is to be written, and says in its frame's word where.</summary>
    private void Store(in CopySegment segment, int at, uint place)
    {
        var page = segment.Buffer + (at << PageShift);
        _cipher?.Encrypt(page, out _seals![place]);
        Volatile.Write(
            ref _memory.DriverWord(segment.First + at), new PlaceWord(place, Checksum.OfFrame(page)).Raw);
    }

    private bool TryTakePlaces(in CopySegment segment, Span<PlaceRun> runs, out int count)
    {
        var first = NumberOf(segment.First);
        bool taken;
        bool wake;
        lock (_gate)
        {
            for (var at = 0; at < segment.FrameCount; at++)
            {
                ReleaseLocked(segment.First + at);
            }

            taken = TryTakeRunsLocked(first, segment.FrameCount, runs, out count);
            wake = _log.WantsCleaning;
        }

        if (wake)
        {
            _keeper.Wake();
        }

        return taken;
    }

    /// <summary>Takes places for so many frames in a row, all or none.</summary>
    private bool TryTakeRunsLocked(uint first, int wanted, Span<PlaceRun> runs, out int count)
    {
        count = 0;
        for (var done = 0; done < wanted;)
        {
            if (!_log.TryTake(LogStream.Eviction, first + (uint)done, wanted - done, out var place, out var length))
            {
                GiveBackLocked(runs[..count]);
                return false;
            }

            runs[count++] = new PlaceRun(place, (short)done, (short)length);
            done += length;
        }

        return true;
    }

    private void GiveBackLocked(ReadOnlySpan<PlaceRun> runs)
    {
        foreach (var run in runs)
        {
            _log.EndWrite(run.Place, noSpace: false);
            for (var i = 0U; i < run.Count; i++)
            {
                _log.Release(run.Place + i);
            }
        }
    }

    [SkipLocalsInit]
    private void Read(CopyBatch batch, int index, CopySegment segment, PeerBatch? peers = null)
    {
        if (!_copies.TryAdd(batch, index, out var copy))
        {
            batch.Complete(index, Errno.ENOMEM);
            return;
        }

        Span<ReadRun> runs = stackalloc ReadRun[segment.FrameCount];
        var count = 0;
        for (var at = 0; at < segment.FrameCount; at++)
        {
            var word = WordOf(segment.First + at);
            if (word.IsEmpty)
            {
                _copies.Complete(copy, Errno.EIO); // nothing was ever written to the frame
                return;
            }

            if (count > 0 && runs[count - 1].TryExtend(word.Place, out var longer))
            {
                runs[count - 1] = longer;
            }
            else
            {
                runs[count++] = new ReadRun(word.Place, (short)at, 1, 1);
            }
        }

        Begin(copy, count, peers, index);
        foreach (var run in runs[..count])
        {
            Submit(copy, in segment, in run);
        }
    }

    private PlaceWord WordOf(Pfn frame) => new(Volatile.Read(ref _memory.DriverWord(frame)));

    private uint NumberOf(Pfn frame) => (uint)(frame - _first);

    /// <summary>Forgets what a frame holds.</summary>
    private void ReleaseLocked(Pfn frame)
    {
        ref var place = ref _memory.DriverWord(frame);
        var word = new PlaceWord(place);
        if (!word.IsEmpty)
        {
            Volatile.Write(ref place, 0);
            _log.Release(word.Place, NumberOf(frame));
        }
    }
}
