// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;

namespace Hmm.Conformance.Checks;

/// <summary>
/// Pages that leave a device as it keeps them, for one that takes its encoding and for one that takes none, and that
/// come back in; also such as were damaged on the way.
/// </summary>
internal sealed class PeersCheck : IConformanceCheck
{
    private const int PageCount = 64;
    private const int RunFramesMax = 8;

    public string Name => "peers";

    public string Contract => "pages leave and come in as they are kept, and what is said of each is true";

    public string Run(DriverUnderTest driver)
    {
        var rig = Rig.Open(driver);
        if (rig.Peer is not { } peer)
        {
            rig.Remove();
            return "has no hooks for it: its pages move through a bounce buffer";
        }

        var tally = new Tally();
        var model = new PageModel(driver, rig, tally);
        var random = new Random(driver.Options.Seed);
        for (var i = 0; i < PageCount; i++)
        {
            model.Evict([[[Pages.Next(random)]]]);
        }

        // For the second one also those that came in encoded.
        var parcels = new List<Parcel>();
        foreach (var taker in new IPeerMemoryOps[] { peer, new PlainTaker() })
        {
            foreach (var (first, frames) in model.Runs(RunFramesMax))
            {
                parcels.Add(model.Export(first, frames, taker));
                model.Import(parcels[^1]);
            }
        }

        model.FaultAll();
        parcels.ForEach(model.ImportDamaged);
        model.FaultAll();
        model.FreeAll();
        rig.Remove();
        parcels.ForEach(static parcel => parcel.Dispose());
        return $"{parcels.Sum(static parcel => parcel.EncodedCount)} pages left as they are kept; {tally}";
    }

    /// <summary>A device that wants every page plain.</summary>
    private sealed class PlainTaker : IPeerMemoryOps
    {
        public PageEncoding Encoding => PageEncoding.Plain;

        public bool Accepts(PageEncoding encoding) => false;

        public void Export(PeerBatch batch) => throw NotCalled();

        public void Import(PeerBatch batch) => throw NotCalled();

        public void Fault(CopyBatch batch) => throw NotCalled();

        public void Evict(CopyBatch batch) => throw NotCalled();

        public void Free(Pfn first, int frameCount) => throw NotCalled();

        private static ConformanceException NotCalled() =>
            new("a driver called a hook of the device that its pages go to; the core does that");
    }
}
