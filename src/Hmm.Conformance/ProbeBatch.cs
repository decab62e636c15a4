// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Core.Devices;
using Hmm.Core.Physical;

namespace Hmm.Conformance;

/// <summary>A batch of the suite's, used once: a completion that comes too late meets no other batch.</summary>
internal sealed class ProbeBatch : PeerBatch
{
    private readonly object _gate = new();
    private bool _done; // Guarded by: _gate

    /// <summary>What the core would do on the thread that completes the last segment.</summary>
    public Action? Continuation { get; init; }

    public ProbeBatch Add(Pfn first, int frames, nint buffer)
    {
        AddSegment(first, frames, buffer);
        return this;
    }

    /// <summary>Its pages are handed over as they are kept.</summary>
    public new void BeginEncoded(IPeerMemoryOps taker, nint origin) => base.BeginEncoded(taker, origin);

    public ProbeBatch Begin()
    {
        HandOver();
        return this;
    }

    /// <summary>Waits for the last completion.</summary>
    /// <exception cref="ConformanceException">It does not come in time.</exception>
    public void Wait(string what, TimeSpan deadline)
    {
        var limit = Stopwatch.StartNew();
        lock (_gate)
        {
            while (!_done && deadline - limit.Elapsed is var left && left > TimeSpan.Zero)
            {
                Monitor.Wait(_gate, left);
            }

            if (_done)
            {
                return;
            }
        }

        throw new ConformanceException(
            $"{what} of {Count} segments is not complete after {deadline.TotalSeconds:0.###} s; every segment must be "
                + "completed exactly once");
    }

    public Errno ErrorAt(int index) => ErrorOf(index);

    public bool IsRefusedAt(int index, int frame) => IsRefused(index, frame, 1);

    private protected override void OnCompleted()
    {
        Continuation?.Invoke();
        lock (_gate)
        {
            _done = true;
            Monitor.PulseAll(_gate);
        }
    }
}
