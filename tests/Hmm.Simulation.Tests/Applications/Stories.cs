// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;

namespace Hmm.Simulation.Tests.Applications;

/// <summary>What many scripts begin with.</summary>
internal static class Stories
{
    /// <summary>Stores to every page and reads each back.</summary>
    public static void StoreAndCheck(ScriptThread script, SimulatedRange range, int pages)
    {
        for (var page = 0; page < pages; page++)
        {
            script.StoreWord(range.Memory, page, 0, page + 100);
        }

        for (var page = pages - 1; page >= 0; page--)
        {
            Assert.Equal(page + 100, script.LoadWord(range.Memory, page, 0));
        }
    }

    /// <summary>Stores to every page and touches others until all of them are on a device.</summary>
    public static void StoreAndEvict(SimulatedHost host, ScriptThread script, SimulatedRange range)
    {
        StoreAndCheck(script, range, range.Memory.PageCount);
        var other = host.Open(RangeKind.Anonymous, 32);
        for (var i = 0; !IsAllAbsent(range); i++)
        {
            Assert.True(i < 10_000, "what nobody touches leaves");
            script.StoreWord(other.Memory, i % 32, 0, i + 1);
        }

        host.WaitQuiet();
    }

    /// <summary>Whether no page is in DRAM.</summary>
    public static bool IsAllAbsent(SimulatedRange range)
    {
        for (var page = 0; page < range.Memory.PageCount; page++)
        {
            if (range.Range.Table.Read(page).State != PageState.Absent)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A page once nothing is under way.</summary>
    public static PageEntry Settled(SimulatedHost host, SimulatedRange range, long page)
    {
        host.WaitQuiet();
        return range.Range.Table.Read(page);
    }

    /// <summary>Reads a word.</summary>
    public static TouchOutcome Touch(ScriptThread script, SimulatedRange range, long page)
    {
        Span<byte> word = stackalloc byte[8];
        return script.Load(range.Memory, page, 0, word);
    }
}
