// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Block;

/// <content>The keeper's turn: cleaning, giving room back, and telling people what they should know.</content>
internal sealed partial class BlockDevice
{
    private readonly Cleaner _cleaner = new(); // owner: the keeper's thread
    private long _wrongPagesSaid; // owner: the keeper's thread
    private long _failedWritesSaid; // owner: the keeper's thread
    private bool _fullSaid; // owner: the keeper's thread
    private bool _stallSaid; // owner: the keeper's thread

    /// <summary>
    /// How long a copy may be under way before people are told: 10 seconds, far beyond what a healthy disk takes, and
    /// soon enough for somebody who waits to find the reason.
    /// </summary>
    internal long StallMs { get; init; } = 10_000;

    private void Keep()
    {
        while (CleanOne())
        {
        }

        while (DiscardOne())
        {
        }

        TellOfErrors();
        TellOfStall();
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

        var wrong = Interlocked.Read(ref _wrongPages);
        if (wrong != _wrongPagesSaid)
        {
            _say($"device '{_name}': {wrong - _wrongPagesSaid} pages could not be read back as they were written; "
                + "check the disk (dmesg, smartctl)");
            _wrongPagesSaid = wrong;
        }

        var failed = Interlocked.Read(ref _failedWrites);
        if (failed != _failedWritesSaid && !full)
        {
            _say($"device '{_name}': {failed - _failedWritesSaid} writes failed; their pages stay in DRAM; check the "
                + "disk (dmesg, smartctl)");
        }

        _failedWritesSaid = failed;
    }

    private void TellOfStall()
    {
        var now = Environment.TickCount64;
        var oldest = now;
        var stalled = 0;
        foreach (ref var state in _states.AsSpan())
        {
            var started = Volatile.Read(ref state.StartedMs);
            if (started != 0 && now - started > StallMs)
            {
                stalled++;
                oldest = Math.Min(oldest, started);
            }
        }

        if (stalled > 0 != _stallSaid)
        {
            _stallSaid = stalled > 0;
            _say(_stallSaid
                ? $"device '{_name}': {stalled} copies have been under way for up to {(now - oldest) / 1000} s; the "
                    + "disk does not answer, and threads that touch their pages wait"
                : $"device '{_name}': the disk answers again");
        }
    }
}
