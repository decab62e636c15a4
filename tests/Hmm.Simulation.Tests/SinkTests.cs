// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Applications;
using Hmm.Simulation.Tests.Hosting;

namespace Hmm.Simulation.Tests;

/// <summary>Pages that sink from device to device as they cool, and come back, under many schedules.</summary>
public sealed class SinkTests
{
    private const int Pages = 420;

    private static readonly HostSettings s_chain = new() { RoomFrames = 140, DeviceFrames = [128, 2048] };

    [Fact]
    public void ColdPagesSinkAsTheyAreKept() => Scenario.Run(s_chain, static (host, script) =>
    {
        host.Devices.ForEach(static device => device.Encodes = true);
        var range = Fill(host, script);
        Assert.True(host.Devices[1].AsKeptCount > 0, "pages come to the second device as the first one kept them");
        var way = host.Manager.Placement.Peers.Between(
            host.Devices[0].Memory.PageMap, host.Devices[1].Memory.PageMap);
        Assert.Equal(host.Manager.Migrator.MovedFrames, way.DirectFrames);
        Check(script, range);
    });

    [Fact]
    public void ColdPagesSinkThroughABounceBufferWhereOneEndCannot() => Scenario.Run(s_chain, static (host, script) =>
    {
        host.Devices[0].Encodes = true;
        var range = Fill(host, script);
        var way = host.Manager.Placement.Peers.Between(
            host.Devices[0].Memory.PageMap, host.Devices[1].Memory.PageMap);
        Assert.Equal(0, way.DirectFrames);
        Assert.Equal(host.Manager.Migrator.MovedFrames, way.BouncedFrames);
        Assert.True(way.BouncedFrames > 0, "pages sink");
        Check(script, range);
    });

    [Fact]
    public void APageWhoseDeviceFailsOnTheWayDownStaysWhereItIs() => Scenario.Run(s_chain, static (host, script) =>
    {
        host.Devices.ForEach(static device => device.Encodes = true);
        host.Devices[1].Faults.WriteErrorPermille = 300;
        var range = Fill(host, script);
        host.Devices[1].Faults.WriteErrorPermille = 0;
        Check(script, range);
    });

    [Fact]
    public void ARequestThatIsCancelledLeavesEveryPageWhereItIs() => Scenario.Run(s_chain, static (host, script) =>
    {
        var range = Fill(host, script);
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        var results = host.Manager.Migrator.Migrate(
            range.Range, 0, Pages, host.Devices[1].Memory, cancellation.Token);
        Assert.All(results.Errors.ToArray(), static error => Assert.Equal(Errno.ECANCELED, error));
        Check(script, range);
    });

    // Of 690 pages some 480 are away at any time, and the first device has room for them, but not for copies of all
    // that are in DRAM.
    [Fact]
    public void CopiesOfPagesInDramGoBeforeAnyPageSinks() =>
        Scenario.Run(s_chain with { RoomFrames = 280, DeviceFrames = [620, 2048] }, static (host, script) =>
        {
            var range = Fill(host, script, 690);
            for (var page = 0; page < 3 * 690; page++)
            {
                Assert.Equal(page % 690 + 1, script.LoadWord(range.Memory, page % 690, 0));
                if (page % 16 == 0)
                {
                    host.WaitQuiet(); // Else most of what is in DRAM may be on its way out, and need frames for that.
                }
            }

            host.WaitQuiet();
            Assert.Equal(0, host.Manager.Migrator.MovedFrames);
        });

    private static SimulatedRange Fill(SimulatedHost host, ScriptThread script, int pages = Pages)
    {
        var range = host.Open(RangeKind.Anonymous, pages);
        for (var page = 0; page < pages; page++)
        {
            script.StoreWord(range.Memory, page, 0, page + 1);
        }

        host.WaitQuiet();
        return range;
    }

    private static void Check(ScriptThread script, SimulatedRange range)
    {
        for (var page = 0; page < Pages; page++)
        {
            Assert.Equal(page + 1, script.LoadWord(range.Memory, page, 0));
        }
    }
}
