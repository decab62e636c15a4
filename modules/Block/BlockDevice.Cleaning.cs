// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core;
using Hmm.Core.Devices;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Block;

/// <content>
/// Cleaning one segment, in numbered phases. Evictions, fills and frees go on meanwhile: a page that is freed between
/// phases 1 and 5 has lost its owner by then, and its copy is dropped.
/// </content>
internal sealed partial class BlockDevice
{
    // As much as the copies of the core: a disk reads the gaps faster than it takes single requests.
    private const int ReadPages = 64;

    private bool CleanOne()
    {
        // 1. Take the emptiest segment, and note what it holds. Nobody is given a place of it until it is done.
        int victim;
        int count;
        lock (_gate)
        {
            if (!_log.WantsCleaning || !_log.TryPickVictim(out victim))
            {
                return false;
            }

            count = NotePagesLocked(victim);
        }

        // 2. Read it.
        var error = ReadVictim(victim, count);

        // 3. Drop what is not as it was written: it stays where it is, and whoever reads it is told.
        var good = error == Errno.None ? SiftPages(victim, count) : 0;

        // 4. Write the pages to new places.
        var runs = 0;
        lock (_gate)
        {
            runs = TakePlacesLocked(ref good, ref count);
        }

        if (runs > 0)
        {
            error = WritePages(runs);
        }

        // 5. Say that they are there, and give the old places back.
        lock (_gate)
        {
            PublishLocked(runs, error);
            _log.EndCleaning(victim, isBad: count != good);
        }

        return error == Errno.None && runs > 0;
    }

    private int NotePagesLocked(int victim)
    {
        var count = 0;
        var first = (uint)victim * Log.SegmentPages;
        for (var place = first; place < first + Log.SegmentPages; place++)
        {
            if (_log.TryOwnerOf(place, out var frame))
            {
                _cleaner.Pages[count++] = new MovedPage(frame, WordOf(_first + frame));
            }
        }

        return count;
    }

    private Errno ReadVictim(int victim, int count)
    {
        var first = (uint)victim * Log.SegmentPages;
        var transfer = _cleaner.Transfer;
        transfer.Begin();
        for (var i = 0; i < count;)
        {
            // From one page that is wanted to the last within reach.
            var from = _cleaner.Pages[i].Word.Place;
            var to = from;
            for (; i < count && _cleaner.Pages[i].Word.Place - from < ReadPages; i++)
            {
                to = _cleaner.Pages[i].Word.Place;
            }

            var length = (int)(to - from + 1) << PageShift;
            transfer.Add();
            _file.Submit(new FileIoRequest(
                false, (ulong)from << PageShift, _cleaner.BufferOf((int)(from - first)), length, transfer, length));
        }

        return transfer.EndAdded();
    }

    private int SiftPages(int victim, int count)
    {
        var first = (uint)victim * Log.SegmentPages;
        var good = 0;
        for (var i = 0; i < count; i++)
        {
            var page = _cleaner.Pages[i];
            var at = (int)(page.Word.Place - first);
            if (page.Word.Matches(Checksum.OfFrame(_cleaner.BufferOf(at)), out _))
            {
                _cleaner.Copy(at, good);
                _cleaner.Pages[good++] = page;
            }
        }

        return good;
    }

    private int TakePlacesLocked(ref int good, ref int count)
    {
        var runs = 0;
        var done = 0;
        while (done < good && _log.TryTake(LogStream.Cleaner, 0, good - done, out var place, out var length))
        {
            for (var i = 0; i < length; i++)
            {
                _log.SetOwner(place + (uint)i, _cleaner.Pages[done + i].Frame);
            }

            _cleaner.Runs[runs++] = new PlaceRun(place, (short)done, (short)length);
            done += length;
        }

        // What found no place is moved another time.
        count -= good - done;
        good = done;
        return runs;
    }

    private Errno WritePages(int runs)
    {
        var transfer = _cleaner.Transfer;
        transfer.Begin();
        foreach (var run in _cleaner.Runs.AsSpan(0, runs))
        {
            transfer.Add();
            var length = run.Count << PageShift;
            _file.Submit(new FileIoRequest(
                true, (ulong)run.Place << PageShift, _cleaner.BufferOf(run.First), length, transfer, length));
        }

        return transfer.EndAdded();
    }

    private void PublishLocked(int runs, Errno error)
    {
        foreach (var run in _cleaner.Runs.AsSpan(0, runs))
        {
            _log.EndWrite(run.Place, noSpace: error == Errno.ENOSPC);
            for (var i = 0; i < run.Count; i++)
            {
                var place = run.Place + (uint)i;
                var page = _cleaner.Pages[run.First + i];
                var old = page.Word.Place;

                // The owner first: only while it has one is its frame handed out, and its word ours to look at. Of
                // frames that share the place some may have gone meanwhile; those that are left have the same word.
                var stays = error == Errno.None && _log.TryOwnerOf(old, out var frame)
                    && WordOf(_first + frame) == page.Word;
                if (stays)
                {
                    MoveLocked(page.Word, place);
                }
                else
                {
                    _log.Release(place);
                }
            }
        }
    }

    private void MoveLocked(PlaceWord word, uint place)
    {
        if (_seals is not null)
        {
            _seals[place] = _seals[word.Place];
        }

        _log.MoveOwners(word.Place, place);
        for (var any = _log.TryOwnerOf(place, out var frame); any; any = _log.TryNextOf(frame, out frame))
        {
            Corruption.Require(WordOf(_first + frame) == word, "frames that share a place have one word");
            Volatile.Write(ref _memory.DriverWord(_first + frame), new PlaceWord(place, word.Checksum).Raw);
        }
    }
}
