// SPDX-License-Identifier: MIT
using System.Diagnostics;

namespace Hmm.Linux;

// How a thread waits for a ring while work comes so soon that sleeping costs more: it looks for a while first. To wake
// a thread takes 5 to 10 us where its processor sleeps. Whether looking is worth it is learnt from what came of it:
// four times of five it has to find something, or the thread sleeps at once, and looks again only now and then. Much
// more seldom still once a look was interrupted for long: others need the processor.
//
// Threads: one, the ring's.
internal sealed class AdaptiveSpin(TimeSpan limit)
{
    internal const int ScoreMax = 16;
    internal const int MissCost = 4;

    // How many waits to sleep through before the next try.
    internal const int WaitsAfterMisses = 64;
    internal const int WaitsAfterInterruption = 2048;

    // A look that takes so many times as long as it may was interrupted.
    private const int InterruptedTimes = 4;

    // Between two looks at the clock: about a microsecond.
    private const int LooksAtATime = 8;
    private const int Pauses = 4;

    private readonly long _limit = (long)(limit.TotalSeconds * Stopwatch.Frequency); // immutable
    private int _score = ScoreMax; // owner thread
    private int _waitsLeft; // owner thread

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

        Learn(found, wasInterrupted: time > InterruptedTimes * _limit);
    }

    // What came of a look.
    internal void Learn(bool found, bool wasInterrupted = false)
    {
        _score = wasInterrupted ? 0 : found ? Math.Min(_score + 1, ScoreMax) : Math.Max(_score - MissCost, 0);
        _waitsLeft = wasInterrupted ? WaitsAfterInterruption : _score == 0 ? WaitsAfterMisses : 0;
    }
}
