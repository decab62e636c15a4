// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;

namespace Hmm.Benchmarks.Block;

/// <summary>A batch of one segment.</summary>
internal sealed class BenchBatch(nint buffer) : CopyBatch
{
    /// <summary>Told when it is complete, on the thread that completes it.</summary>
    public Action<BenchBatch> Completed { get; set; } = static _ => { };

    public BenchBatch Give(Pfn first, int count)
    {
        ResetSegments();
        AddSegment(first, count, buffer);
        HandOver();
        return this;
    }

    public void Check()
    {
        if (ErrorOf(0) != Errno.None)
        {
            throw new InvalidOperationException($"a copy failed with {ErrorOf(0)}");
        }
    }

    private protected override void OnCompleted() => Completed(this);
}
