// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;

namespace Hmm.Cli.Demo;

/// <summary>
/// How far a demo is: written by the thread that runs it, read by the threads that show it.
/// </summary>
internal sealed class DemoProgress
{
    private readonly Lock _gate = new();
    private DemoPhase _phase; // Guarded by: _gate
    private long _begun = Stopwatch.GetTimestamp(); // Guarded by: _gate
    private long _total = 1; // Guarded by: _gate
    private long _done; // Guarded by: _gate

    internal void Begin(DemoPhase phase, long totalBytes)
    {
        lock (_gate)
        {
            _phase = phase;
            _begun = Stopwatch.GetTimestamp();
            _total = Math.Max(1, totalBytes);
            _done = 0;
        }
    }

    internal void Add(long bytes)
    {
        lock (_gate)
        {
            _done += bytes;
        }
    }

    /// <summary>
    /// The phase, its bytes done and expected, and its time so far, all of one moment.
    /// </summary>
    internal (DemoPhase Phase, long DoneBytes, long TotalBytes, TimeSpan Elapsed) Read()
    {
        lock (_gate)
        {
            return (_phase, Math.Min(_done, _total), _total, Stopwatch.GetElapsedTime(_begun));
        }
    }
}
