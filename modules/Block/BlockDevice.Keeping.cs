// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Block;

/// <content>The keeper's turn: cleaning, giving room back, and telling people what they should know.</content>
internal sealed partial class BlockDevice
{
    // Room that was free for so long is given back.
    private const int SpareAfterMs = 5000;

    private readonly Cleaner _cleaner = new(); // owner: the keeper's thread
    private long _spareCountedMs; // owner: the keeper's thread
    private long _wrongReadsSaid; // owner: the keeper's thread
    private long _failedWritesSaid; // owner: the keeper's thread
    private bool _fullSaid; // owner: the keeper's thread

    private void Keep()
    {
        while (CleanOne())
        {
        }

        CountSpare();
        while (DiscardOne())
        {
        }

        TellOfErrors();
    }

    private void CountSpare()
    {
        var now = Environment.TickCount64;
        if (now - _spareCountedMs < SpareAfterMs)
        {
            return;
        }

        _spareCountedMs = now;
        lock (_gate)
        {
            _log.CountSpare();
        }
    }

    private bool DiscardOne()
    {
        int segment;
        lock (_gate)
        {
            if (!_log.TryPickDiscard(out segment))
            {
                return false;
            }
        }

        // Outside the gate: it takes as long as a transfer.
        const ulong SegmentBytes = (ulong)Log.SegmentPages << PageShift;
        var error = _file.Discard((ulong)segment * SegmentBytes, SegmentBytes);
        lock (_gate)
        {
            _log.EndDiscard(segment, done: error == Uapi.Errno.None);
        }

        return true;
    }

    private void TellOfErrors()
    {
        bool full;
        lock (_gate)
        {
            full = _log.IsMediumFull;

            // Once a turn: each try is a copy for nothing, and leaves a little less of what room there is.
            _log.AllowProbe();
        }

        if (full != _fullSaid)
        {
            _fullSaid = full;
            _say(full
                ? $"device '{_name}': its file system is full; pages stay in DRAM or go to the next device until there "
                    + "is room"
                : $"device '{_name}': there is room again");
        }

        var wrong = Interlocked.Read(ref _wrongReads);
        if (wrong != _wrongReadsSaid)
        {
            _say($"device '{_name}': {wrong - _wrongReadsSaid} times a page was not read back as it was written; "
                + "check the disk (dmesg, smartctl)");
            _wrongReadsSaid = wrong;
        }

        var failed = Interlocked.Read(ref _failedWrites);
        if (failed != _failedWritesSaid && !full)
        {
            _say($"device '{_name}': {failed - _failedWritesSaid} writes failed; their pages stay in DRAM; check the "
                + "disk (dmesg, smartctl)");
        }

        _failedWritesSaid = failed;
    }
}
