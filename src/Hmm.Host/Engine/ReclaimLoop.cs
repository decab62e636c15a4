// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Core;
using Hmm.Core.Migration;

namespace Hmm.Host.Engine;

/// <summary>
/// The thread that frees DRAM when told to, and the clock of the one case where nothing can be freed: faults that have
/// waited for <see cref="StuckLimit"/> while every page was pinned or no device took any are failed, and people told,
/// since an application that waits for ever cannot even collect its garbage.
/// </summary>
/// <remarks>Threads: <see cref="Request"/> from any, and it must cost nothing while reclaim runs already.</remarks>
internal sealed class ReclaimLoop : IDisposable
{
    /// <summary>How long a fault may wait while nothing can leave DRAM.</summary>
    public static readonly TimeSpan StuckLimit = TimeSpan.FromSeconds(2);

    // How often a stuck reclaim looks again: a pin or a full disk may have gone.
    private static readonly TimeSpan StuckPause = TimeSpan.FromMilliseconds(20);

    private readonly ManualResetEventSlim _requested = new(initialState: false, spinCount: 0);
    private MemoryManager _manager = null!; // Guarded by: set before the thread starts
    private Action<string> _say = null!; // Guarded by: set before the thread starts
    private Thread _thread = null!; // Guarded by: set before the thread starts
    private bool _hasTold; // Guarded by: the thread
    private readonly ManualResetEventSlim _stop = new(initialState: false, spinCount: 0);

    /// <summary>Starts the thread.</summary>
    /// <param name="manager">Whose DRAM.</param>
    /// <param name="say">Where to tell people.</param>
    public void Start(MemoryManager manager, Action<string> say)
    {
        (_manager, _say) = (manager, say);
        _thread = new Thread(Run) { IsBackground = true, Name = "hmm-reclaim" };
        _thread.Start();
    }

    /// <summary>DRAM is short.</summary>
    public void Request()
    {
        if (!_requested.IsSet)
        {
            _requested.Set();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Set();
        _requested.Set();
        _thread.Join();
        _requested.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_stop.IsSet)
            {
                _requested.Wait();
                _requested.Reset();
                Reclaim();
            }
        }
        catch (Exception exception)
        {
            // Without this thread no page leaves, and soon no fault is served.
            Corruption.Fail($"the reclaim thread failed: {exception}");
        }
    }

    private void Reclaim()
    {
        var freed = NetFreedFrames;
        var stuckSince = Stopwatch.GetTimestamp();
        while (!_stop.IsSet)
        {
            var epoch = _manager.Progress.Epoch;
            var outcome = _manager.Evictor.Step();
            if (NetFreedFrames > freed)
            {
                freed = NetFreedFrames;
                stuckSince = Stopwatch.GetTimestamp();
            }

            switch (outcome)
            {
                case ReclaimOutcome.Enough:
                    _hasTold = false;
                    if (!_manager.Migrator.MakeRoom())
                    {
                        _manager.Evictor.CleanAhead();
                        return;
                    }

                    break;
                case ReclaimOutcome.WaitForProgress:
                    _manager.Progress.Wait(epoch);
                    break;
                case ReclaimOutcome.Stuck:
                    // Whatever asks again meanwhile: looking through pages that cannot leave, without a pause, would
                    // take a whole core from the application that might let some of them go.
                    _stop.Wait(StuckPause);
                    if (_manager.Filler.TryExchange())
                    {
                        break;
                    }

                    if (!EndWait(Stopwatch.GetElapsedTime(stuckSince)))
                    {
                        return;
                    }

                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>
    /// What has left for good: a page that only changed places with another helps nobody else who waits.
    /// </summary>
    private long NetFreedFrames => _manager.Evictor.FreedFrames - _manager.Filler.OverdrawnFrames;

    /// <summary>Once, until there was enough DRAM again: an application may go on failing at any rate.</summary>
    private void Tell(int failed)
    {
        if (failed == 0 || _hasTold)
        {
            return;
        }

        _hasTold = true;
        var maps = _manager.Physical.PageMaps.Snapshot();
        var devices = maps.Count == 0
            ? "there is no device"
            : string.Join(
                ", ", maps.Select(static map =>
                    $"'{map.Name}' has {map.Statistics.FramesUsed} of {map.FramesTotal} frames in use"));
        _say($"no page can leave DRAM ({devices}; {_manager.Pins.Pinned} frames are pinned), so touches of "
            + "further pages fail; what is there is kept. Give the host more room (--device, --budget), or drop or "
            + "unpin pages.");
    }

    /// <summary>
    /// Decides about faults that wait while nothing can leave. False: none waits, and none has
    /// failed so.
    /// </summary>
    private bool EndWait(TimeSpan stuckFor)
    {
        var filler = _manager.Filler;
        if (filler.Waiters.Count > 0 && stuckFor >= StuckLimit)
        {
            Tell(filler.FailWaiters());
        }

        return filler.Waiters.Count > 0 || filler.StarvedCount > 0;
    }
}
