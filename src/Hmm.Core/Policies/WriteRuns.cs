// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Policies;

/// <summary>
/// Finds runs, upwards and downwards, among the first writes to clean pages, so that writes to the pages behind are let
/// through before they come: a run of pages that are in DRAM already then faults once a window, not once a page.
/// </summary>
/// <remarks>
/// A page that is let through and not written costs a copy to its device; no more than the last window of a run does.
/// Threads: any; a thread that finds the lock taken goes without. Allocates nothing.
/// </remarks>
internal sealed class WriteRuns
{
    /// <summary>Runs followed at once: a partition of a sort has two, a merge one.</summary>
    public const int RunsMax = 4;

    // Two neighbours may be chance. 1 MiB: by then a fault is spread over 256 pages of 4 KiB, which take five times as
    // long to write as to let through. Of large pages it is few or none, since the thread of faults lets them through.
    private const int AheadPagesMin = 4;
    private const int AheadFramesMax = 256;

    private readonly Lock _gate = new();
    private readonly Run[] _runs = new Run[RunsMax]; // Guarded by: _gate
    private readonly int _aheadPagesMax; // immutable
    private long _clock; // Guarded by: _gate

    /// <summary>Creates it.</summary>
    /// <param name="pageOrder">log2 of the frames of a page.</param>
    /// <param name="aheadPagesMax">The most pages that the range may have ahead of anybody.</param>
    public WriteRuns(int pageOrder, long aheadPagesMax)
    {
        _aheadPagesMax = (int)Math.Min(AheadFramesMax >> pageOrder, aheadPagesMax);
    }

    /// <summary>Says how many pages behind a page that is written for the first time will be written, too.</summary>
    /// <param name="page">The page.</param>
    /// <param name="advice">What the range was told: random access has no runs.</param>
    /// <param name="step">1 where they follow it, -1 where they precede it.</param>
    public int OnFirstWrite(long page, Advice advice, out int step)
    {
        step = 1;
        if (advice == Advice.Random || !_gate.TryEnter())
        {
            return 0;
        }

        try
        {
            ref var run = ref _runs[0];
            foreach (ref var other in _runs.AsSpan())
            {
                if (other.IsNext(page))
                {
                    run = ref other;
                    run.Step = page > run.Last ? 1 : -1;
                    run.Ahead = Math.Min(Math.Max(run.Ahead * 2, AheadPagesMin), _aheadPagesMax);
                    (run.Last, run.Used) = (page, ++_clock);
                    step = run.Step;
                    return run.Ahead;
                }

                if (other.Used < run.Used)
                {
                    run = ref other;
                }
            }

            run = new Run { Last = page, Used = ++_clock };
            return 0;
        }
        finally
        {
            _gate.Exit();
        }
    }

    private struct Run
    {
        public long Last; // the page of its last fault
        public long Used; // 0: none
        public int Step; // 0 while only one page is known
        public int Ahead; // pages that were let through behind Last

        /// <summary>
        /// Whether a page is the first that was not let through, or lies a little past it: those between were dirty.
        /// </summary>
        public readonly bool IsNext(long page)
        {
            if (Used == 0)
            {
                return false;
            }

            var steps = Step == 0 ? Math.Abs(page - Last) : (page - Last) * Step;
            return steps > Ahead / 2 && steps <= Ahead + 1 + (Ahead / 2);
        }
    }
}
