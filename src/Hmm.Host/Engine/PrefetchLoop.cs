// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core;
using Hmm.Core.Migration;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Host.Engine;

/// <summary>
/// The thread that brings in what nobody waits for, so that a window of a stream holds up no other thread's fault, and
/// is installed on one core while the stream's reader goes on on another; and takes hints out of the rings. What it
/// asks of files it submits by itself, as many requests in one call as a step has, and completes
/// (<see cref="ThreadRing"/>).
/// </summary>
/// <remarks>
/// Threads: <see cref="Request"/> from any, and it must cost nothing while prefetch runs already.
/// Invariant: a request that came after the last look finds the thread awake, or wakes it.
/// </remarks>
internal sealed class PrefetchLoop : IDisposable
{
    private readonly Epoll _epoll = Epoll.Create();
    private readonly EventFd _wake = EventFd.Create();
    private int _requested; // Guarded by: atomic
    private int _asleep; // Guarded by: atomic
    private Prefetcher _prefetcher = null!; // Guarded by: set before the thread starts
    private HintRings _hints = null!; // Guarded by: set before the thread starts
    private Thread _thread = null!; // Guarded by: set before the thread starts
    private volatile bool _stopping; // Guarded by: atomic

    /// <summary>Starts the thread.</summary>
    public void Start(Prefetcher prefetcher, HintRings hints)
    {
        _prefetcher = prefetcher;
        _hints = hints;
        _epoll.Add(_wake, 0);
        _thread = new Thread(Run) { IsBackground = true, Name = "hmm-prefetch" };
        _thread.Start();
    }

    /// <summary>There is something to bring in.</summary>
    public void Request()
    {
        if (Volatile.Read(ref _requested) != 0)
        {
            return;
        }

        // In this order: the thread says that it sleeps, and looks for requests after that. Full fences.
        Interlocked.Exchange(ref _requested, 1);
        if (Interlocked.Exchange(ref _asleep, 0) != 0)
        {
            _wake.Signal();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        _wake.Signal();
        _thread.Join();
        _epoll.Dispose();
        _wake.Dispose();
    }

    private void Run()
    {
        try
        {
            using var ring = ThreadRing.TryCreate(_epoll, out _);
            while (!_stopping)
            {
                Sleep(ring);
                Work(ring);
            }
        }
        catch (Exception exception)
        {
            Corruption.Fail($"the prefetch thread failed: {exception}");
        }
    }

    /// <summary>
    /// Until there is a request, or a little was completed: what came meanwhile is asked of the disk before the rest.
    /// </summary>
    private void Sleep(ThreadRing? ring)
    {
        Interlocked.Exchange(ref _asleep, 1);
        if (Interlocked.Exchange(ref _requested, 0) != 0 && Interlocked.Exchange(ref _asleep, 0) != 0)
        {
            return; // Nobody has woken it, and nobody will.
        }

        Span<EpollEvent> events = stackalloc EpollEvent[1];
        var count = ring?.Wait(events, out var error) ?? _epoll.Wait(events, timeoutMs: -1, out error);
        Corruption.Require(error == Errno.None, "waiting for requests does not fail");
        if (count > 0)
        {
            _wake.Clear();
        }

        Interlocked.Exchange(ref _asleep, 0);
        Interlocked.Exchange(ref _requested, 0);
    }

    private void Work(ThreadRing? ring)
    {
        while (!_stopping)
        {
            var goesOn = _prefetcher.TakesPages && TakeHints();
            var outcome = _prefetcher.Step();
            ring?.Submit();
            if (outcome == PrefetchOutcome.Rest && !goesOn)
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
