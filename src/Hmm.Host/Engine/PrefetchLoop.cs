// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core;
using Hmm.Core.Migration;

namespace Hmm.Host.Engine;

/// <summary>
/// The thread that brings in what nobody waits for, so that a window of a stream holds up no other thread's fault, and
/// is installed on one core while the stream's reader goes on on another.
/// </summary>
/// <remarks>Threads: <see cref="Request"/> from any, and it must cost nothing while prefetch runs already.</remarks>
internal sealed class PrefetchLoop : IDisposable
{
    private readonly ManualResetEventSlim _requested = new(initialState: false, spinCount: 0);
    private Prefetcher _prefetcher = null!; // Guarded by: set before the thread starts
    private Thread _thread = null!; // Guarded by: set before the thread starts
    private volatile bool _stopping; // Guarded by: atomic

    /// <summary>Starts the thread.</summary>
    public void Start(Prefetcher prefetcher)
    {
        _prefetcher = prefetcher;
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
                while (!_stopping && _prefetcher.Step() == PrefetchOutcome.Progress)
                {
                }
            }
        }
        catch (Exception exception)
        {
            Corruption.Fail($"the prefetch thread failed: {exception}");
        }
    }
}
