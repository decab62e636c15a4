// SPDX-License-Identifier: MIT
using System.Diagnostics;

namespace Hmm.Linux;

// How a thread waits for a ring while work comes so soon that sleeping costs more: it looks for a while first. To wake
// a thread takes 5 to 10 us where its processor sleeps. Whether looking is worth it is learnt from what came of it:
// four times of five it has to find something, or the thread sleeps at once, and looks again only now and then. Much
// more seldom still once others of this system took the processor during a look: they need it. (What a hypervisor
// takes, it takes from a sleeper as well.)
//
// Threads: one, the ring's.
internal sealed class AdaptiveSpin(TimeSpan limit)
{
    internal const int ScoreMax = 16;
    internal const int MissCost = 4;

    // What a try begins with: one miss does not end it.
    internal const int ScoreOfATry = MissCost + 1;

    // How many waits to sleep through before the next try.
    internal const int WaitsAfterMisses = 64;
    internal const int WaitsAfterInterruption = 2048;

    // A look that takes so many times as long as it may was interrupted, by whomever.
    private const int InterruptedTimes = 4;

    // Between two looks at the clock: about a microsecond.
    private const int LooksAtATime = 8;
    private const int Pauses = 4;

    private readonly long _limit = (long)(limit.TotalSeconds * Stopwatch.Frequency); // immutable
    private int _score = ScoreMax; // owner thread
    private int _waitsLeft; // owner thread
    private long _preemptions = SystemInfo.PreemptionsOfThisThread; // owner thread; when it was last looked at

    // Whether to look before this wait; asked once for each.
    internal bool IsWorthwhile() => _waitsLeft == 0 || --_waitsLeft == 0;

    // Looks until the ring has work, or for as long as it may.
    internal void Look(IoUring ring)
    {
        var start = Stopwatch.GetTimestamp();
        var time = 0L;
        var found = ring.HasWork;
        while (!found && time < _limit)
        {
            for (var look = 0; look < LooksAtATime && !found; look++)
            {
                Thread.SpinWait(Pauses);
                found = ring.HasWork;
            }

            time = Stopwatch.GetTimestamp() - start;
        }

        Learn(found, wasInterrupted: time > InterruptedTimes * _limit && WasPreempted());
    }

    // What came of a look.
    internal void Learn(bool found, bool wasInterrupted = false)
    {
        _score = found ? Math.Min(_score + 1, ScoreMax) : _score - MissCost;
        if (_score > 0 && !wasInterrupted)
        {
            return;
        }

        _score = ScoreOfATry;
        _waitsLeft = wasInterrupted ? WaitsAfterInterruption : WaitsAfterMisses;
    }

    // Whether somebody else was given this thread's processor since the last time this was asked.
    private bool WasPreempted()
    {
        var before = _preemptions;
        _preemptions = SystemInfo.PreemptionsOfThisThread;
        return _preemptions != before;
    }
}
