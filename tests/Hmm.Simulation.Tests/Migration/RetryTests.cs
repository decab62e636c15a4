// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Applications;
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using static Hmm.Simulation.Tests.Applications.Stories;

namespace Hmm.Simulation.Tests.Migration;

/// <summary>
/// Reads that fail, as they do when a checksum does not match: tried again so often, one page at a time, whichever
/// device it is.
/// </summary>
public sealed class RetryTests
{
    private static readonly HostSettings s_tight = new() { RoomFrames = 8 };

    private static readonly HostSettings s_roomy = new() { RoomFrames = 200 };

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void APageIsLostWhenItCannotBeReadThreeTimes(int errors, bool lost) =>
        Scenario.Run(s_tight, (host, script) =>
    {
        var range = host.Open(RangeKind.Anonymous, 4);
        StoreAndEvict(host, script, range);
        range.Range.Advice = Advice.Random;
        host.Devices[0].Faults.ReadErrorsNext = errors;
        Assert.Equal(lost ? TouchOutcome.Fails : TouchOutcome.Done, Touch(script, range, 2));
        Assert.Equal(errors, range.Range.Statistics.Errors);
        host.Devices[0].Faults.ReadErrorsNext = 0;
        if (!lost)
        {
            Assert.Equal(102, script.LoadWord(range.Memory, 2, 0));
        }

        Assert.Equal(101, script.LoadWord(range.Memory, 1, 0));
        host.Manager.Operations.DontNeed(range.Range, 0, 4);
    });

    [Theory]
    [InlineData(12)]
    [InlineData(14)]
    public void ABadPageDoesNotTakeItsNeighboursWithIt(int pageShift) => Scenario.Run(s_roomy, (host, script) =>
    {
        var file = host.AddFile(16, pageShift);
        var range = host.Open(RangeKind.FilePrivate, 16, pageShift, file);
        file.Device.Faults.BadFrames.Add(5L << (pageShift - 12));
        Assert.Equal(16, host.Manager.Operations.Prefetch(range.Range, 0, 16));
        host.WaitQuiet();
        for (var page = 0; page < 16; page++)
        {
            Assert.Equal(page == 5 ? PageState.Absent : PageState.Clean, range.Range.Table.Read(page).State);
        }

        Assert.Equal(TouchOutcome.Fails, Touch(script, range, 5));
        Assert.Equal(BitConverter.ToInt64(file.Page(6)), script.LoadWord(range.Memory, 6, 0));
    });

    [Fact]
    public void ABadNeighbourDoesNotFailTheTouchedPage() => Scenario.Run(s_roomy, static (host, script) =>
    {
        var file = host.AddFile(32, 12);
        var range = host.Open(RangeKind.FilePrivate, 32, 12, file);
        file.Device.Faults.BadFrames.UnionWith([7L, 8L, 20L]);
        for (var page = 0; page < 32; page++)
        {
            Assert.Equal(
                page is 7 or 8 or 20 ? TouchOutcome.Fails : TouchOutcome.Done, Touch(script, range, page));
        }
    });
}
