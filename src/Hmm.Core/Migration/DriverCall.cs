// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;

namespace Hmm.Core.Migration;

/// <summary>
/// The only places where the core enters a driver's copy hooks. A hook that throws has left pages owned for ever, so
/// the host ends and names the driver.
/// </summary>
internal static class DriverCall
{
    /// <summary>Hands over a batch to read.</summary>
    public static void Fault(PageMap map, CopyBatch batch)
    {
        try
        {
            map.Ops.Fault(batch);
        }
        catch (Exception exception)
        {
            Corruption.Fail($"the fault hook of {map.Name} threw {exception}");
        }
    }

    /// <summary>Hands over a batch to read as it is kept.</summary>
    public static void Export(PageMap map, PeerBatch batch)
    {
        try
        {
            ((IPeerMemoryOps)map.Ops).Export(batch);
        }
        catch (Exception exception)
        {
            Corruption.Fail($"the export hook of {map.Name} threw {exception}");
        }
    }

    /// <summary>Hands over a batch to write as it was kept elsewhere.</summary>
    public static void Import(PageMap map, PeerBatch batch)
    {
        try
        {
            ((IPeerMemoryOps)map.Ops).Import(batch);
        }
        catch (Exception exception)
        {
            Corruption.Fail($"the import hook of {map.Name} threw {exception}");
        }
    }

    /// <summary>Hands over a batch to write.</summary>
    public static void Evict(PageMap map, CopyBatch batch)
    {
        try
        {
            map.Ops.Evict(batch);
        }
        catch (Exception exception)
        {
            Corruption.Fail($"the evict hook of {map.Name} threw {exception}");
        }
    }
}
