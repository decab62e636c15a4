// SPDX-License-Identifier: GPL-2.0-or-later

namespace Hmm.Conformance;

/// <summary>Random operations on a device, checked against a model.</summary>
internal sealed class RandomUse(PageModel model, Random random)
{
    // Enough that batches overlap, few enough that a small device is not full at once.
    private const int BatchesMax = 4;
    private const int SegmentsMax = 8;
    private const int RunMax = 16;
    private const int PagesMax = 1024;

    /// <summary>Runs so many operations.</summary>
    public void Run(int operations)
    {
        for (var i = 0; i < operations; i++)
        {
            Step();
        }
    }

    private void Step()
    {
        var lot = random.Next(10);
        if (model.Count == 0 || (lot < 4 && model.Count < PagesMax))
        {
            model.Evict(Batches(SegmentsMax, RunMax));
        }
        else if (lot < 8)
        {
            model.Fault([.. Enumerable.Range(0, random.Next(1, BatchesMax + 1)).Select(_ => Reads())]);
        }
        else
        {
            var (first, frames) = model.Pick(random, random.Next(1, RunMax + 1));
            model.Free(first, frames);
        }
    }

    private ulong[][][] Batches(int segmentsMax, int runMax) =>
    [
        .. Enumerable.Range(0, random.Next(1, BatchesMax + 1)).Select(_ => Enumerable
            .Range(0, random.Next(1, segmentsMax + 1))
            .Select(_ => Numbers(random.Next(1, runMax + 1))).ToArray()),
    ];

    private ulong[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => Pages.Next(random))];

    private (Core.Physical.Pfn First, int Frames)[] Reads() =>
    [
        .. Enumerable.Range(0, random.Next(1, SegmentsMax + 1))
            .Select(_ => model.Pick(random, random.Next(1, RunMax + 1))),
    ];
}
