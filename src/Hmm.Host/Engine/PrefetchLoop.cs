// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core;
using Hmm.Core.Migration;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>
/// The thread that brings in what nobody waits for, so that a window of a stream holds up no other thread's fault, and
/// is installed on one core while the stream's reader goes on on another; and takes hints out of the rings.
/// </summary>
/// <remarks>Threads: <see cref="Request"/> from any, and it must cost nothing while prefetch runs already.</remarks>
internal sealed class PrefetchLoop : IDisposable
{
    private readonly ManualResetEventSlim _requested = new(initialState: false, spinCount: 0);
    private Prefetcher _prefetcher = null!; // Guarded by: set before the thread starts
    private HintRings _hints = null!; // Guarded by: set before the thread starts
    private Thread _thread = null!; // Guarded by: set before the thread starts
    private volatile bool _stopping; // Guarded by: atomic

    /// <summary>Starts the thread.</summary>
    public void Start(Prefetcher prefetcher, HintRings hints)
    {
        _prefetcher = prefetcher;
        _hints = hints;
        _thread = new Thread(Run) { IsBackground = true, Name = "hmm-prefetch" };
        _thread.Start();
    }

    /// <summary>There is something to bring in.</summary>
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
        _stopping = true;
        _requested.Set();
        _thread.Join();
        _requested.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_stopping)
            {
                _requested.Wait();
                _requested.Reset();
                Work();
            }
        }
        catch (Exception exception)
        {
            Corruption.Fail($"the prefetch thread failed: {exception}");
        }
    }

    private void Work()
    {
        while (!_stopping)
        {
            var goesOn = _prefetcher.TakesPages && TakeHints();
            if (_prefetcher.Step() == PrefetchOutcome.Rest && !goesOn)
            {
                // While it waits for DRAM the rings fill up, and whoever frees some starts it again.
                if (!_prefetcher.TakesPages || _hints.TrySleep())
                {
                    return;
                }
            }
        }
    }

    private bool TakeHints()
    {
        Span<HintEntry> hints = stackalloc HintEntry[Prefetcher.PageListMax / Prefetcher.ListedRunMax];
        var count = _hints.Take(hints, out var session);
        for (var i = 0; i < count; i++)
        {
            session!.Hint(in hints[i]);
        }

        return count > 0;
    }
}
