// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using Hmm.Core.Devices;
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Compressed;

/// <summary>
/// Device memory in compressed DRAM. A page that is one 64-bit word over and over is that word, in its frame's driver
/// word; any other is compressed into the store, and the driver word says where. A page that does not get a ninth
/// smaller, or finds no room, is turned down and goes to the next device.
/// </summary>
/// <remarks>
/// Threads: hooks from any; a fill never takes a lock and completes inline, since decompressing (2-4 us) costs less
/// than waking another thread (8 us). Evictions are compressed on the thread that evicts, or by workers.
/// Invariant: a frame's driver word is a <see cref="FrameWord"/>; whoever exchanges an object's word for another
/// releases the object.
/// </remarks>
internal sealed unsafe partial class CompressedDevice : IDriverDevice, IPeerMemoryOps, IFrameWords
{
    private const int WordsPerFrame = Pfn.SizeBytes / sizeof(ulong);

    private readonly ObjectStore _store; // immutable
    private readonly Codec? _codec; // immutable
    private readonly EvictWorkers? _workers; // immutable
    private DeviceMemory _memory = null!; // Guarded by: set once by Attach, before any hook
    private Pfn _first; // Guarded by: set once by Attach, before any hook

    /// <summary>Creates a device.</summary>
    /// <param name="sizeBytes">Its frames, in bytes: how much it may hold before compression.</param>
    /// <param name="memoryBytes">The DRAM that it may take for what it holds.</param>
    /// <param name="codec">What compresses, the device's from here on; null to keep pages of one word only.</param>
    /// <param name="workers">Threads that compress; 0: whoever evicts does.</param>
    public CompressedDevice(ulong sizeBytes, ulong memoryBytes, Codec? codec, int workers)
    {
        SizeBytes = sizeBytes;
        _codec = codec;
        Encoding = codec is null ? PageEncoding.Word : PageEncoding.Of(codec.Name);
        _store = ObjectStore.Create(memoryBytes, this);
        _workers = workers == 0 ? null : new EvictWorkers(workers, Store);
    }

    /// <inheritdoc/>
    public ulong SizeBytes { get; }

    /// <inheritdoc/>
    public int FullPermille => _store.FullPermille;

    /// <summary>The store.</summary>
    public ObjectStore Objects => _store;

    /// <inheritdoc/>
    public void Attach(DeviceMemory memory, Pfn first)
    {
        _memory = memory;
        _first = first;
    }

    /// <inheritdoc/>
    public void Fault(CopyBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);

        // The last completion may recycle the batch while this loop still runs: everything is read before.
        var count = batch.Count;
        for (var i = 0; i < count; i++)
        {
            batch.Complete(i, Load(batch[i]));
        }
    }

    /// <inheritdoc/>
    public void Evict(CopyBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (_workers is null)
        {
            Store(batch);
        }
        else
        {
            _workers.Add(batch);
        }
    }

    /// <inheritdoc/>
    public void Free(Pfn first, int frameCount)
    {
        for (var frame = first; frame < first + frameCount; frame += 1)
        {
            Replace(frame, default);
        }
    }

    /// <inheritdoc/>
    public ref ulong WordOf(uint frame) => ref _memory.DriverWord(_first + frame);

    /// <inheritdoc/>
    public void Dispose()
    {
        _workers?.Dispose();
        _store.Dispose();
        _codec?.Dispose();
    }

    private Errno Load(in CopySegment segment)
    {
        for (var frame = 0; frame < segment.FrameCount; frame++)
        {
            if (!TryLoad(segment.First + frame, segment.Buffer + (frame << Pfn.Shift)))
            {
                return Errno.EIO;
            }
        }

        return Errno.None;
    }

    private bool TryLoad(Pfn frame, nint page)
    {
        ref var place = ref _memory.DriverWord(frame);
        var word = new FrameWord(Volatile.Read(ref place));
        if (word.IsFill)
        {
            new Span<ulong>((void*)page, WordsPerFrame).Fill(word.Fill);
            return true;
        }

        // Its holder does not free the frame during a fill, but the store may move the object, and use its slot for
        // another while this reads it. Then the word has changed: without the barrier it could be read before the
        // bytes are.
        var good = TryDecompress(word, frame, page);
        Volatile.ReadBarrier();
        if (good && Volatile.Read(ref place) == word.Raw)
        {
            return true;
        }

        lock (_store.Gate)
        {
            return TryDecompress(new FrameWord(place), frame, page);
        }
    }

    private bool TryDecompress(FrameWord word, Pfn frame, nint page)
    {
        if (!word.IsObject || _codec is null)
        {
            return false; // Nothing was ever written to the frame.
        }

        // Safe because an object's bytes can be read even when they are not its own any more, and the codec writes one
        // page, whatever they are.
        var header = _store.HeaderOf(word);
        return header->TryGetFrame(out var owner)
            && owner == NumberOf(frame)
            && _codec.Decompress((nint)(header + 1), word.Length, page, Pfn.SizeBytes) == Pfn.SizeBytes
            && Checksum.OfFrame(page) == header->Checksum;
    }

    private void Store(CopyBatch batch)
    {
        var count = batch.Count;
        var peers = batch is PeerBatch { IsEncoded: true } encoded ? encoded : null;
        for (var i = 0; i < count; i++)
        {
            var segment = batch[i];
            for (var frame = 0; frame < segment.FrameCount; frame++)
            {
                var page = segment.Buffer + (frame << Pfn.Shift);
                var word = peers is null
                    ? Pack(segment.First + frame, page)
                    : PackEncoded(segment.First + frame, page, peers.PageAt(i, frame));
                Replace(segment.First + frame, word);
                if (word.IsEmpty)
                {
                    batch.Refuse(i, frame);
                }
            }

            batch.Complete(i);
        }
    }

    /// <summary>Finds a place for a page's bytes; an empty word if it is not for this device.</summary>
    [SkipLocalsInit]
    private FrameWord Pack(Pfn frame, nint page)
    {
        // Safe because the page is a whole frame of the segment's buffer, and the codec keeps to the room it is given.
        var words = new ReadOnlySpan<ulong>((void*)page, WordsPerFrame);
        if (words.IndexOfAnyExcept(words[0]) < 0 && FrameWord.TryOfFill(words[0], out var word))
        {
            return word;
        }

        if (_codec is null || _store.IsFull)
        {
            return default;
        }

        var compressed = stackalloc byte[ObjectStore.ObjectBytesMax];
        var length = _codec.Compress(page, Pfn.SizeBytes, (nint)compressed, ObjectStore.ObjectBytesMax);
        return length > 0
            && _store.TryStore(NumberOf(frame), Checksum.OfFrame(page), (nint)compressed, length, out word)
            ? word
            : default;
    }

    private void Replace(Pfn frame, FrameWord word)
    {
        var old = new FrameWord(Interlocked.Exchange(ref _memory.DriverWord(frame), word.Raw));
        if (old.IsObject)
        {
            _store.Release(old);
        }
    }

    private uint NumberOf(Pfn frame) => (uint)(frame - _first);
}
