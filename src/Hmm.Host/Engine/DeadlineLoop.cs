// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Globalization;
using Hmm.Core;
using Hmm.Core.Migration;
using Hmm.Core.Physical;

namespace Hmm.Host.Engine;

/// <summary>
/// The clock of the core's <see cref="Deadlines"/>, and the voice that tells people of devices that miss them.
/// </summary>
/// <remarks>Threads: one of its own, which nobody waits for and which waits for nobody.</remarks>
internal sealed class DeadlineLoop : IDisposable
{
    /// <summary>
    /// 10 seconds: far beyond what a healthy disk takes even with a full queue, and well below the half minute at which
    /// Linux itself gives a disk's command up.
    /// </summary>
    public static readonly TimeSpan Default = TimeSpan.FromSeconds(10);

    /// <summary>The shortest: no disk that spins up, and no network, is that fast every time.</summary>
    public static readonly TimeSpan Min = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest: whoever wants to wait for ever lets his ranges wait instead.</summary>
    public static readonly TimeSpan Max = TimeSpan.FromHours(1);

    private readonly MemoryManager _manager; // immutable
    private readonly TimeSpan _deadline; // immutable
    private readonly Action<string> _say; // immutable
    private readonly Dictionary<PageMap, long> _since = []; // Guarded by: the thread; when each was found out
    private readonly ManualResetEventSlim _stop = new(initialState: false, spinCount: 0);
    private readonly Thread _thread; // immutable

    private DeadlineLoop(MemoryManager manager, TimeSpan deadline, Action<string> say)
    {
        (_manager, _deadline, _say) = (manager, deadline, say);
        _thread = new Thread(Run) { IsBackground = true, Name = "hmm-deadlines" };
    }

    /// <summary>Starts the clock.</summary>
    /// <param name="manager">Whose copies.</param>
    /// <param name="deadline">How long each may take; <see cref="Min"/> to <see cref="Max"/>.</param>
    /// <param name="say">Where to tell people.</param>
    public static DeadlineLoop Start(MemoryManager manager, TimeSpan deadline, Action<string> say)
    {
        var loop = new DeadlineLoop(manager, deadline, say);
        loop._thread.Start();
        return loop;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_stop.Wait(_deadline / Deadlines.TicksPerDeadline))
            {
                // The list of page maps is made anew each time, and only where there is something to tell.
                if (_manager.Deadlines.Tick() > 0 || _since.Count > 0)
                {
                    Tell();
                }
            }
        }
        catch (Exception exception)
        {
            Corruption.Fail($"the thread that watches deadlines failed: {exception}");
        }
    }

    private void Tell()
    {
        foreach (var map in _manager.Physical.PageMaps.Snapshot())
        {
            if (map.Copies.IsOverdue && _since.TryAdd(map, Stopwatch.GetTimestamp()))
            {
                _say($"device '{map.Name}': {map.Copies.Overdue} copies have been under way for more than "
                    + $"{Text(_deadline)} s; until it answers nothing is written to it, and pages go elsewhere or stay "
                    + "in DRAM");
            }
        }

        foreach (var (map, since) in _since.Where(static pair => !pair.Key.Copies.IsOverdue).ToList())
        {
            _since.Remove(map);
            _say($"device '{map.Name}': it answers again, after {Text(_deadline + Stopwatch.GetElapsedTime(since))} s");
        }
    }

    private static string Text(TimeSpan time) => time.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture);
}
