// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using Hmm.Core;
using Hmm.Core.Devices;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Block;

/// <content>Transfers under way, and what becomes of each when it ends.</content>
internal sealed unsafe partial class BlockDevice
{
    private long _wrongReads; // Guarded by: atomic
    private long _failedWrites; // Guarded by: atomic

    private enum PageCheck
    {
        Good,
        Moved,
        Wrong,
    }

    /// <inheritdoc/>
    public void Completed(long tag, Errno error, int bytesTransferred)
    {
        var transfer = TransferTag.Unpack(tag);
        if (error == Errno.None && bytesTransferred != transfer.LengthBytes)
        {
            error = Errno.EIO; // short: the file ends where it did not before
        }

        if (transfer.Write)
        {
            EndWrite(in transfer, error);
            End(transfer.Copy, error);
        }
        else
        {
            var run = new ReadRun(transfer.Place, (short)transfer.First, (short)transfer.Count, (short)transfer.Count);
            EndRead(transfer.Copy, in run, error, bytesTransferred);
        }
    }

    private void Submit(int copy, in CopySegment segment, ReadOnlySpan<PlaceRun> runs, bool write)
    {
        Begin(copy, runs.Length, peers: null, index: 0);
        foreach (var run in runs)
        {
            var transfer = new TransferTag(run.Place, copy, run.First, run.Count, write);
            _file.Submit(new FileIoRequest(
                write,
                (ulong)run.Place << PageShift,
                BufferOf(in segment, run.First),
                transfer.LengthBytes,
                this,
                transfer.Pack()));
        }
    }

    private void Submit(int copy, in CopySegment segment, in ReadRun run) => _file.Submit(new FileIoRequest(
        false,
        (ulong)run.Place << PageShift,
        BufferOf(in segment, run.FirstSlot),
        run.Places << PageShift,
        run.IsShared ? _sharedReads : this,
        run.IsShared
            ? SharedTag.Pack(copy, in run)
            : new TransferTag(run.Place, copy, run.First, run.Frames, Write: false).Pack()));

    private void Begin(int copy, int transfers, PeerBatch? peers, int index)
    {
        _states[copy] = new CopyState { Remaining = transfers, Peers = peers, Index = index };
    }

    private static nint BufferOf(in CopySegment segment, int page) => segment.Buffer + (page << PageShift);

    private void End(int copy, Errno error)
    {
        ref var state = ref _states[copy];
        if (error != Errno.None)
        {
            Volatile.Write(ref state.Error, (int)error);
        }

        if (Interlocked.Decrement(ref state.Remaining) == 0)
        {
            _copies.Complete(copy, (Errno)Volatile.Read(ref state.Error));
        }
    }

    private void EndWrite(in TransferTag transfer, Errno error)
    {
        lock (_gate)
        {
            _log.EndWrite(transfer.Place, noSpace: error == Errno.ENOSPC);
            for (var i = 0U; error != Errno.None && i < transfer.Count; i++)
            {
                while (_log.TryOwnerOf(transfer.Place + i, out var frame))
                {
                    Corruption.Require(
                        WordOf(_first + frame).Place == transfer.Place + i, "a place's owner says that it is there");
                    ReleaseLocked(_first + frame);
                }
            }
        }

        if (error != Errno.None)
        {
            Interlocked.Increment(ref _failedWrites);
            _keeper.Wake();
        }
    }

    /// <summary>
    /// Checks what was read. Pages that were moved meanwhile are read again: the copy is not complete until they are.
    /// Those that are wrong, or could not be read, are the core's to ask for again.
    /// </summary>
    [SkipLocalsInit]
    private void EndRead(int copy, in ReadRun run, Errno error, int bytesTransferred)
    {
        if (error == Errno.None && bytesTransferred != run.Places << PageShift)
        {
            error = Errno.EIO; // short: the file ends where it did not before
        }

        Span<byte> pack = stackalloc byte[PagePack.SizeBytes];
        var segment = _copies.Peek(copy);
        var held = default(PlaceWord);
        var result = Errno.None;
        for (var at = (int)run.First; at < run.First + run.Frames; at++)
        {
            var check = error == Errno.None ? Check(copy, in segment, in run, at, pack, ref held) : PageCheck.Wrong;
            if (check == PageCheck.Wrong || (check == PageCheck.Moved && !TryReadAgain(copy, in segment, at)))
            {
                Interlocked.Increment(ref _wrongReads);
                result = error == Errno.None ? Errno.EIO : error;
            }
        }

        if (result != Errno.None)
        {
            _keeper.Wake();
        }

        End(copy, result);
    }

    /// <summary>Checks one page of a run, and puts it where it belongs.</summary>
    /// <param name="copy">The copy.</param>
    /// <param name="segment">Its segment.</param>
    /// <param name="run">What was read.</param>
    /// <param name="at">The frame in the segment.</param>
    /// <param name="pack">Where a pack is kept while its pages are taken out.</param>
    /// <param name="held">The word whose pack that is.</param>
    private PageCheck Check(
        int copy, in CopySegment segment, in ReadRun run, int at, Span<byte> pack, ref PlaceWord held)
    {
        var frame = segment.First + at;
        var word = WordOf(frame);
        if (word == held && !word.IsEmpty)
        {
            return Unpack(copy, in segment, at, pack);
        }

        var slot = word.Place - run.Place;
        if (word.IsEmpty || (run.IsShared ? slot >= run.Places : slot != at - run.First))
        {
            return PageCheck.Moved;
        }

        var bytes = BufferOf(in segment, run.FirstSlot + (int)slot);
        var seal = _seals is null ? default : _seals[word.Place];
        var checksum = Checksum.OfFrame(bytes);

        // The word once more, after the bytes and the seal: while it names the place, nobody else was given that, so
        // they are the page's own.
        Volatile.ReadBarrier();
        if (WordOf(frame) != word)
        {
            return PageCheck.Moved;
        }

        if (!word.Matches(checksum, out var isPack))
        {
            return PageCheck.Wrong;
        }

        if (isPack)
        {
            // Out of the way: the page that is unpacked may go where its place was read to.
            new ReadOnlySpan<byte>((void*)bytes, PagePack.SizeBytes).CopyTo(pack);
            held = default;
            fixed (byte* own = pack)
            {
                if (_cipher is not null && !_cipher.TryDecrypt((nint)own, in seal))
                {
                    return PageCheck.Wrong;
                }
            }

            held = word;
            return Unpack(copy, in segment, at, pack);
        }

        var page = BufferOf(in segment, at);
        Move(bytes, page);
        if (_cipher is not null && !_cipher.TryDecrypt(page, in seal))
        {
            return PageCheck.Wrong;
        }

        SayPlain(copy, at);
        return PageCheck.Good;
    }

    private bool TryReadAgain(int copy, in CopySegment segment, int at)
    {
        var word = WordOf(segment.First + at);
        if (word.IsEmpty)
        {
            return false;
        }

        Interlocked.Increment(ref _states[copy].Remaining);
        Submit(copy, in segment, new ReadRun(word.Place, (short)at, 1, 1));
        return true;
    }
}
