// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;

namespace Hmm.Conformance.Checks;

/// <summary>Fills a device to its last frame, twice.</summary>
internal sealed class FullCheck : IConformanceCheck
{
    // 16 MiB: the size of a device that nobody gave one.
    private const int FramesMax = 4096;
    private const int Frames = 64;

    public string Name => "full";

    public string Contract => "a full device turns pages down or fails them, and keeps those that it took";

    public string Run(DriverUnderTest driver)
    {
        var rig = Rig.Open(driver);
        var tally = new Tally();
        var model = new PageModel(driver, rig, tally);
        var random = new Random(driver.Options.Seed);
        for (var round = 0; round < 2; round++)
        {
            // Pages that are turned down free their frames again, so the number of tries has an end of its own.
            var batches = Math.Min(rig.Frames, FramesMax) / Frames + 1;
            while (batches-- > 0 && model.Evict([[[.. Enumerable.Range(0, Frames).Select(_ => Pages.Next(random))]]]))
            {
            }

            foreach (var chunk in model.Runs(CopyBatch.SegmentsMax).Chunk(CopyBatch.FramesMax / CopyBatch.SegmentsMax))
            {
                model.Fault([chunk]);
            }

            model.FreeAll();
        }

        rig.Remove();
        return tally.ToString();
    }
}
