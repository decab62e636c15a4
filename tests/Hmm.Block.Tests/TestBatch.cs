// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Uapi;

namespace Hmm.Block.Tests;

/// <summary>A batch that a test hands to a driver, and waits for. It is used again, as the core's are.</summary>
internal sealed class TestBatch : CopyBatch
{
    private readonly object _gate = new();
    private bool _isDone; // Guarded by: _gate

    /// <summary>What the thread that completed it had allocated by then.</summary>
    public long CompleterAllocatedBytes { get; private set; }

    public bool IsDone
    {
        get
        {
            lock (_gate)
            {
                return _isDone;
            }
        }
    }

    public TestBatch Add(Pfn first, int frameCount, nint buffer)
    {
        AddSegment(first, frameCount, buffer);
        return this;
    }

    public TestBatch Reset()
    {
        ResetSegments();
        return this;
    }

    public TestBatch Give()
    {
        lock (_gate)
        {
            _isDone = false;
        }

        HandOver();
        return this;
    }

    public void Wait()
    {
        lock (_gate)
        {
            while (!_isDone)
            {
                Assert.True(Monitor.Wait(_gate, 60_000), "a batch is not complete after a minute");
            }
        }
    }

    public Errno ErrorAt(int index) => ErrorOf(index);

    public bool WasRefused(int index, int frame) => IsRefused(index, frame, 1);

    private protected override void OnCompleted()
    {
        CompleterAllocatedBytes = GC.GetAllocatedBytesForCurrentThread();
        lock (_gate)
        {
            _isDone = true;
            Monitor.PulseAll(_gate);
        }
    }
}
