// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;

namespace Hmm.Conformance.Checks;

/// <summary>Single pages of every kind, then long runs and full batches.</summary>
internal sealed class RoundTripCheck : IConformanceCheck
{
    private const int PagesOfEachKind = 8;
    private const int Kinds = 4;

    public string Name => "round-trip";

    public string Contract => "what was evicted comes back byte for byte, in segments of 1 frame to 512";

    public string Run(DriverUnderTest driver)
    {
        var rig = Rig.Open(driver);
        var tally = new Tally();
        var model = new PageModel(driver, rig, tally);
        for (var i = 0UL; i < Kinds * PagesOfEachKind; i++)
        {
            model.Evict([[[i]]]);
        }

        if (tally.Written == 0)
        {
            throw new ConformanceException(
                $"it took none of {Kinds * PagesOfEachKind} pages of every kind, not even zeros ({tally})");
        }

        model.FaultAll();
        model.FreeAll();
        var random = new Random(driver.Options.Seed);
        foreach (var frames in (int[])[2, 63, 64, 65, CopyBatch.FramesMax])
        {
            model.Evict([[[.. Enumerable.Range(0, frames).Select(_ => Pages.Next(random))]]]);
            model.Fault([.. model.Runs(CopyBatch.FramesMax).Select(run => new[] { run })]);
            model.FreeAll();
        }

        model.Evict([[.. Enumerable.Range(0, CopyBatch.SegmentsMax).Select(_ => new[] { Pages.Next(random) })]]);
        model.FaultAll();
        model.FreeAll();
        rig.Remove();
        return tally.ToString();
    }
}
