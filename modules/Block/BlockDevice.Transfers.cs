// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Block;

/// <content>Transfers under way, and what becomes of each when it ends.</content>
internal sealed partial class BlockDevice
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

        var segment = _copies.Peek(transfer.Copy);
        if (transfer.Write)
        {
            EndWrite(in segment, in transfer, error);
        }
        else
        {
            error = EndRead(in segment, in transfer, error);
        }

        End(transfer.Copy, error);
    }

    private void Submit(int copy, in CopySegment segment, ReadOnlySpan<PlaceRun> runs, bool write)
    {
        ref var state = ref _states[copy];
        state = new CopyState { Remaining = runs.Length };
        foreach (var run in runs)
        {
            Submit(in segment, new TransferTag(run.Place, copy, run.First, run.Count, write));
        }
    }

    private void Submit(in CopySegment segment, TransferTag transfer) => _file.Submit(new FileIoRequest(
        transfer.Write,
        (ulong)transfer.Place << PageShift,
        segment.Buffer + (transfer.First << PageShift),
        transfer.LengthBytes,
        this,
        transfer.Pack()));

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

    private void EndWrite(in CopySegment segment, in TransferTag transfer, Errno error)
    {
        lock (_gate)
        {
            _log.EndWrite(transfer.Place, noSpace: error == Errno.ENOSPC);
            for (var i = 0; error != Errno.None && i < transfer.Count; i++)
            {
                ReleaseLocked(segment.First + transfer.First + i);
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
    private Errno EndRead(in CopySegment segment, in TransferTag transfer, Errno error)
    {
        var result = Errno.None;
        for (var i = 0; i < transfer.Count; i++)
        {
            var at = transfer.First + i;
            var check = error == Errno.None
                ? Check(segment.First + at, transfer.Place + (uint)i, segment.Buffer + (at << PageShift))
                : PageCheck.Wrong;
            if (check == PageCheck.Wrong || (check == PageCheck.Moved && !TryReadAgain(in segment, in transfer, at)))
            {
                Interlocked.Increment(ref _wrongReads);
                result = error == Errno.None ? Errno.EIO : error;
            }
        }

        if (result != Errno.None)
        {
            _keeper.Wake();
        }

        return result;
    }

    private PageCheck Check(Pfn frame, uint place, nint page)
    {
        var seal = _seals is null ? default : _seals[place];

        // The word is read after the bytes and the seal: while it names the place, nobody else was given that, so they
        // are the page's own.
        Volatile.ReadBarrier();
        var word = WordOf(frame);
        if (word.IsEmpty || word.Place != place)
        {
            return PageCheck.Moved;
        }

        return Checksum.OfFrame(page) == word.Checksum && (_cipher is null || _cipher.TryDecrypt(page, in seal))
            ? PageCheck.Good
            : PageCheck.Wrong;
    }

    private bool TryReadAgain(in CopySegment segment, in TransferTag transfer, int at)
    {
        var word = WordOf(segment.First + at);
        if (word.IsEmpty)
        {
            return false;
        }

        Interlocked.Increment(ref _states[transfer.Copy].Remaining);
        Submit(in segment, new TransferTag(word.Place, transfer.Copy, at, 1, Write: false));
        return true;
    }
}
