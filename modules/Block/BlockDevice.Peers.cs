// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using Hmm.Core;
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Block;

/// <content>
/// Pages from other devices, as they were kept there: several share a place of the file, and are decoded when they are
/// wanted. Pages for other devices, as they are kept here.
/// </content>
internal sealed unsafe partial class BlockDevice
{
    private readonly PageDecoders _decoders = new();
    private readonly SharedCompletion _sharedReads; // immutable

    /// <inheritdoc/>
    public PageEncoding Encoding => PageEncoding.Plain;

    /// <inheritdoc/>
    public bool Accepts(PageEncoding encoding) => encoding.IsPlain || _decoders.Knows(encoding);

    /// <inheritdoc/>
    public void Export(PeerBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var count = batch.Count;
        for (var i = 0; i < count; i++)
        {
            Read(batch, i, batch[i], batch);
        }
    }

    /// <inheritdoc/>
    public void Import(PeerBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var count = batch.Count;
        for (var i = 0; i < count; i++)
        {
            Import(batch, i, batch[i]);
        }
    }

    [SkipLocalsInit]
    private void Import(PeerBatch batch, int index, CopySegment segment)
    {
        if (!_copies.TryAdd(batch, index, out var copy))
        {
            batch.Complete(index, Errno.ENOMEM);
            return;
        }

        Span<PackedSlot> slots = stackalloc PackedSlot[segment.FrameCount + 1];
        if (!TryPack(batch, index, segment, slots, out var count))
        {
            _copies.Complete(copy, Errno.EIO);
            return;
        }

        Span<PlaceRun> room = stackalloc PlaceRun[count];
        if (!TryTakePlaces(segment, slots[..(count + 1)], room, out var runCount))
        {
            _copies.Complete(copy, Errno.ENOSPC);
            return;
        }

        var runs = room[..runCount];
        foreach (var run in runs)
        {
            for (var i = 0; i < run.Count; i++)
            {
                Store(segment, run.First + i, slots[(run.First + i)..], run.Place + (uint)i);
            }
        }

        Submit(copy, segment, runs, write: true);
    }

    /// <summary>
    /// Packs a segment's pages where they stand, towards the front: what goes to one place never begins behind its own
    /// first page, so nothing is written over that is still to be packed.
    /// </summary>
    /// <returns>False: a page is not what was encoded.</returns>
    [SkipLocalsInit]
    private bool TryPack(PeerBatch batch, int index, in CopySegment segment, Span<PackedSlot> slots, out int count)
    {
        Span<byte> pack = stackalloc byte[PagePack.SizeBytes];
        var (used, isOpen) = (0, false);
        count = 0;
        for (var at = 0; at < segment.FrameCount; at++)
        {
            var said = batch.PageAt(index, at);
            var page = BufferOf(in segment, at);
            var isPlain = said.Encoding.IsPlain || said.LengthBytes > PagePack.PageBytesMax;
            if (isPlain && !said.Encoding.IsPlain && !TryDecodeInPlace(in said, page))
            {
                return false;
            }

            var frame = NumberOf(segment.First + at);
            if (isOpen && (isPlain || !PagePack.TryAdd(pack, ref used, frame, in said, page)))
            {
                Close(pack, used, BufferOf(in segment, count++));
                isOpen = false;
            }

            if (isPlain)
            {
                Move(page, BufferOf(in segment, count));
                slots[count++] = new PackedSlot((short)at, IsPack: false);
            }
            else if (!isOpen)
            {
                (used, isOpen) = (0, true);
                slots[count] = new PackedSlot((short)at, IsPack: true);
                PagePack.Clear(pack);
                var fits = PagePack.TryAdd(pack, ref used, frame, in said, page);
                Corruption.Require(fits, "an empty pack has room for a page");
            }
        }

        if (isOpen)
        {
            Close(pack, used, BufferOf(in segment, count++));
        }

        slots[count] = new PackedSlot((short)segment.FrameCount, IsPack: false);
        return true;
    }

    private static void Close(Span<byte> pack, int used, nint slot)
    {
        PagePack.Finish(pack, used);
        pack.CopyTo(new Span<byte>((void*)slot, PagePack.SizeBytes));
    }

    private static void Move(nint from, nint to)
    {
        // Safe because both are whole pages of one segment's buffer.
        if (from != to)
        {
            Buffer.MemoryCopy((void*)from, (void*)to, PagePack.SizeBytes, PagePack.SizeBytes);
        }
    }

    private bool TryDecodeInPlace(in EncodedPage said, nint page)
    {
        Span<byte> bytes = stackalloc byte[PagePack.SizeBytes];
        new ReadOnlySpan<byte>((void*)page, said.LengthBytes).CopyTo(bytes);
        return _decoders.TryDecode(in said, bytes[..said.LengthBytes], page);
    }

    private bool TryTakePlaces(
        in CopySegment segment, ReadOnlySpan<PackedSlot> slots, Span<PlaceRun> runs, out int count)
    {
        bool taken;
        bool wake;
        lock (_gate)
        {
            for (var at = 0; at < segment.FrameCount; at++)
            {
                ReleaseLocked(segment.First + at);
            }

            taken = TryTakeRunsLocked(0, slots.Length - 1, runs, out count);
            foreach (var run in taken ? runs[..count] : [])
            {
                for (var i = 0; i < run.Count; i++)
                {
                    ShareLocked(in segment, slots[(run.First + i)..], run.Place + (uint)i);
                }
            }

            wake = _log.WantsCleaning;
        }

        if (wake)
        {
            _keeper.Wake();
        }

        return taken;
    }

    /// <summary>Names the frames whose pages are in one slot as owners of its place.</summary>
    private void ShareLocked(in CopySegment segment, ReadOnlySpan<PackedSlot> slots, uint place)
    {
        _log.SetOwner(place, NumberOf(segment.First + slots[0].First));
        for (var at = slots[0].First + 1; at < slots[1].First; at++)
        {
            _log.Join(place, NumberOf(segment.First + at));
        }
    }

    /// <summary>Encrypts and sums a slot that is to be written, and says in its frames' words where.</summary>
    private void Store(in CopySegment segment, int slot, ReadOnlySpan<PackedSlot> slots, uint place)
    {
        var bytes = BufferOf(in segment, slot);
        _cipher?.Encrypt(bytes, out _seals![place]);
        var checksum = Checksum.OfFrame(bytes);
        var word = new PlaceWord(place, slots[0].IsPack ? ~checksum : checksum);
        for (var at = slots[0].First; at < slots[1].First; at++)
        {
            Volatile.Write(ref _memory.DriverWord(segment.First + at), word.Raw);
        }
    }

    /// <summary>Gets a page out of a pack that was read, checked and decrypted: as it is, or decoded.</summary>
    private PageCheck Unpack(int copy, in CopySegment segment, int at, ReadOnlySpan<byte> pack)
    {
        if (!PagePack.TryFind(pack, NumberOf(segment.First + at), out var said, out var bytes))
        {
            return PageCheck.Wrong;
        }

        // Safe because the page is a whole one of the segment's buffer, and no part of it is the pack.
        var page = BufferOf(in segment, at);
        ref var state = ref _states[copy];
        if (state.Peers is { } peers && peers.Accepts(said.Encoding))
        {
            bytes.CopyTo(new Span<byte>((void*)page, PagePack.SizeBytes));
            peers.PageAt(state.Index, at) = said;
            return PageCheck.Good;
        }

        if (!_decoders.TryDecode(in said, bytes, page))
        {
            return PageCheck.Wrong;
        }

        SayPlain(copy, at);
        return PageCheck.Good;
    }

    private void SayPlain(int copy, int at)
    {
        ref var state = ref _states[copy];
        if (state.Peers is { } peers)
        {
            peers.PageAt(state.Index, at) = new EncodedPage(PageEncoding.Plain, PagePack.SizeBytes, 0);
        }
    }

    /// <summary>Reads whose frames share places have tags of their own.</summary>
    private sealed class SharedCompletion(BlockDevice device) : IFileIoCompletion
    {
        /// <inheritdoc/>
        public void Completed(long tag, Errno error, int bytesTransferred)
        {
            var run = SharedTag.Unpack(tag, out var copy);
            device.EndRead(copy, in run, error, bytesTransferred);
        }
    }
}
