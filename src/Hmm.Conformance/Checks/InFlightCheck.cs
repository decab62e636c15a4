// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;

namespace Hmm.Conformance.Checks;

/// <summary>Many batches handed over before the first completion is waited for.</summary>
internal sealed class InFlightCheck : IConformanceCheck
{
    private const int Batches = CopyBatch.EvictionsMax;
    private const int Segments = 8;
    private const int Frames = 4;
    private const int Rounds = 4;

    public string Name => "in-flight";

    public string Contract => "batches overlap; each segment is completed once, in any order, from any thread";

    public string Run(DriverUnderTest driver)
    {
        var rig = Rig.Open(driver);
        var tally = new Tally();
        var model = new PageModel(driver, rig, tally);
        var random = new Random(driver.Options.Seed);
        for (var round = 0; round < Rounds; round++)
        {
            model.Evict([.. Enumerable.Range(0, Batches).Select(_ => (ulong[][])[.. Segment(random)])]);
            model.Fault([.. model.Runs(Frames).Chunk(Segments)]);
            model.FreeAll();
        }

        rig.Remove();
        return tally.ToString();
    }

    private static IEnumerable<ulong[]> Segment(Random random) => Enumerable.Range(0, Segments)
        .Select(_ => Enumerable.Range(0, Frames).Select(_ => Pages.Next(random)).ToArray());
}
