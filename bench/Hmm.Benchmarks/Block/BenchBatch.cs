// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using Hmm.Core.Devices;
using Hmm.Core.Physical;

namespace Hmm.Benchmarks.Block;

/// <summary>A batch of one segment that joins a queue when it is complete.</summary>
internal sealed class BenchBatch(nint buffer, BlockingCollection<BenchBatch> done) : CopyBatch
{
    public nint Buffer => buffer;

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

    private protected override void OnCompleted() => done.Add(this);
}
