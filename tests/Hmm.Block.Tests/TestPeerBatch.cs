// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Uapi;

namespace Hmm.Block.Tests;

/// <summary>A batch of pages as they are kept, that a test hands to a driver and waits for.</summary>
internal sealed class TestPeerBatch : PeerBatch
{
    private readonly TaskCompletionSource _done = new();

    /// <summary>One segment, for or from a device.</summary>
    public TestPeerBatch(IPeerMemoryOps taker, Pfn first, int frames, nint buffer)
    {
        BeginEncoded(taker, buffer);
        AddSegment(first, frames, buffer);
        HandOver();
    }

    public Errno Wait()
    {
        Assert.True(_done.Task.Wait(60_000), "a batch is not complete after a minute");
        return ErrorOf(0);
    }

    public bool WasRefused(int frame) => IsRefused(0, frame, 1);

    private protected override void OnCompleted() => _done.SetResult();
}
