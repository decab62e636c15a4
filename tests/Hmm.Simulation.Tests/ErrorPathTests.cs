// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Applications;
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using static Hmm.Simulation.Tests.Applications.Stories;

namespace Hmm.Simulation.Tests;

/// <summary>Devices that fail or fill up, and calls that the kernel refuses.</summary>
public sealed class ErrorPathTests
{
    // So little room that every page leaves soon after it was touched.
    private static readonly HostSettings s_tight = new() { RoomFrames = 8 };

    private static readonly HostSettings s_roomy = new() { RoomFrames = 200 };

    [Fact]
    public void PoisonsAPageThatSomebodyWaitsForWhenItsDeviceFails() => Scenario.Run(s_tight, static (host, script) =>
    {
        var range = host.Open(RangeKind.Anonymous, 4);
        StoreAndEvict(host, script, range);
        host.Devices[0].Faults.ReadErrorPermille = 1000;
        Assert.Equal(TouchOutcome.Fails, Touch(script, range, 2));
        host.Devices[0].Faults.ReadErrorPermille = 0;
        Assert.Equal(TouchOutcome.Fails, Touch(script, range, 2));
        Assert.Equal(PageState.Poisoned, Settled(host, range, 2).State);
        Assert.Equal(
            Errno.EIO, Assert.Throws<HmmException>(() => host.Manager.Operations.Pin(range.Range, 2, 1)).Errno);

        host.Manager.Operations.DontNeed(range.Range, 0, 4);
        Assert.Equal(0, script.LoadWord(range.Memory, 2, 0));
        Assert.Equal(0, script.LoadWord(range.Memory, 1, 0));
    });

    [Fact]
    public void APoisonedPageOfAFileIsTheFilesAgainOnceDropped() => Scenario.Run(s_tight, static (host, script) =>
    {
        var file = host.AddFile(4, 12);
        var range = host.Open(RangeKind.FilePrivate, 4, 12, file);
        StoreAndEvict(host, script, range);
        host.Devices[0].Faults.ReadErrorPermille = 1000;
        Assert.Equal(TouchOutcome.Fails, Touch(script, range, 1));
        host.Manager.Operations.DontNeed(range.Range, 1, 1);
        Assert.Equal(BitConverter.ToInt64(file.Page(1)), script.LoadWord(range.Memory, 1, 0));
        host.Devices[0].Faults.ReadErrorPermille = 0;
        Assert.Equal(100, script.LoadWord(range.Memory, 0, 0));
    });

    [Fact]
    public void APageWhoseFileFailsTooStaysPoisoned() => Scenario.Run(s_tight, static (host, script) =>
    {
        var file = host.AddFile(4, 12);
        var range = host.Open(RangeKind.FilePrivate, 4, 12, file);
        file.Device.Faults.ReadErrorPermille = 1000;
        Assert.Equal(TouchOutcome.Fails, Touch(script, range, 3));
        host.Manager.Operations.DontNeed(range.Range, 0, 4);
        Assert.Equal(TouchOutcome.Fails, Touch(script, range, 3));
        file.Device.Faults.ReadErrorPermille = 0;
        host.Manager.Operations.DontNeed(range.Range, 0, 4);
        Assert.Equal(BitConverter.ToInt64(file.Page(3)), script.LoadWord(range.Memory, 3, 0));
    });

    [Fact]
    public void LeavesAPageAbsentThatNobodyWaitsForWhenItsDeviceFails() =>
        Scenario.Run(s_roomy, static (host, script) =>
    {
        var file = host.AddFile(16, 12);
        var range = host.Open(RangeKind.FilePrivate, 16, 12, file);
        file.Device.Faults.ReadErrorPermille = 1000;
        Assert.Equal(16, host.Manager.Operations.Prefetch(range.Range, 0, 16));
        host.WaitQuiet();
        file.Device.Faults.ReadErrorPermille = 0;
        Assert.True(IsAllAbsent(range));
        for (var page = 0; page < 16; page++)
        {
            Assert.Equal(BitConverter.ToInt64(file.Page(page)), script.LoadWord(range.Memory, page, 0));
        }

        Assert.True(range.Range.Statistics.Errors > 0);
    });

    [Fact]
    public void PagesStayRightWhileADeviceFailsToWrite() =>
        Scenario.Run(s_tight with { DeviceFrames = [64] }, static (host, script) =>
    {
        host.Devices[0].Faults.WriteErrorPermille = 700;
        var range = host.Open(RangeKind.Anonymous, 24);
        StoreAndCheck(script, range, 24);
        host.Devices[0].Faults.WriteErrorPermille = 0;
        StoreAndCheck(script, range, 24);
    });

    [Fact]
    public void WritesToPagesThatNoDeviceTakesDoNotFault() => Scenario.Run(s_roomy, static (host, script) =>
    {
        var range = host.Open(RangeKind.Anonymous, 24);
        StoreAndCheck(script, range, 24);
        host.Devices[0].Faults.WriteErrorPermille = 1000;
        host.Manager.Migrator.Migrate(range.Range, 0, 24, host.Devices[0].Memory, default);
        host.WaitQuiet();
        var before = range.Range.Statistics.WriteProtectFaults;
        StoreAndCheck(script, range, 24);
        Assert.Equal(before, range.Range.Statistics.WriteProtectFaults);
        Assert.True(host.Devices[0].ErrorCount > 0);
    });

    [Fact]
    public void TheNextDeviceTakesOverWhenOneIsFull() =>
        Scenario.Run(s_tight with { DeviceFrames = [64, 64] }, static (host, script) =>
    {
        host.Devices[0].Faults.CapacityFrames = 5;
        var range = host.Open(RangeKind.Anonymous, 40);
        StoreAndCheck(script, range, 40);
        Assert.True(host.Devices[1].Memory.Statistics.Allocations > 0);
        Assert.True(host.Devices[0].ErrorCount > 0);
        Assert.Equal(0, host.StarvedCount);
    });

    [Fact]
    public void FaultsFailWhenEverythingIsFullAndSucceedOnceThereIsRoom() =>
        Scenario.Run(s_tight with { DeviceFrames = [8], AllowStarving = true }, static (host, script) =>
        {
            host.Devices[0].Faults.CapacityFrames = 0;
            var range = host.Open(RangeKind.Anonymous, 20);
            var stored = new long[20];
            var failed = 0;
            for (var page = 0; page < 20; page++)
            {
                if (script.Store(range.Memory, page, 0, BitConverter.GetBytes(page + 100L)) == TouchOutcome.Done)
                {
                    stored[page] = page + 100;
                }
                else
                {
                    failed++;
                }
            }

            host.WaitQuiet();
            Assert.True(failed >= 20 - 8 && host.StarvedCount >= failed);
            Assert.Contains(stored, static value => value != 0);

            // Half of what is in DRAM is dropped: the starved pages come in by themselves, the others were never lost.
            for (var page = 0; page < 20; page += 2)
            {
                host.Manager.Operations.DontNeed(range.Range, page, 1);
                stored[page] = 0;
            }

            host.Devices[0].Faults.CapacityFrames = 8;
            Span<byte> word = stackalloc byte[8];
            for (var page = 0; page < 20; page++)
            {
                for (var tries = 0; script.Load(range.Memory, page, 0, word) != TouchOutcome.Done; tries++)
                {
                    Assert.True(tries < 2000, $"page {page} never heals");
                    Touch(script, range, (page + tries) % 20);
                    host.Manager.Operations.DontNeed(range.Range, (page + tries) % 20 / 2 * 2, 1);
                    host.WaitQuiet();
                }

                Assert.Equal(stored[page], BitConverter.ToInt64(word));
            }
        });

    [Fact]
    public void PagesStayUsableHoweverFullEverythingIs() =>
        Scenario.Run(
            s_tight with { DeviceFrames = [8], OverdraftFrames = 2, AllowStarving = true },
            static (host, script) =>
        {
            var range = host.Open(RangeKind.Anonymous, 17);
            var stored = new long[17];
            for (var page = 0; page < 16; page++)
            {
                script.StoreWord(range.Memory, page, 0, stored[page] = page + 100);
            }

            Assert.Equal(
                TouchOutcome.Fails, script.Store(range.Memory, 16, 0, BitConverter.GetBytes(1L)));

            // Eight in DRAM, eight on the device, no room for another, and every one of them at hand.
            for (var turn = 0; turn < 60; turn++)
            {
                var page = host.Scheduler.Random.Next(16);
                Assert.Equal(stored[page], script.LoadWord(range.Memory, page, 0));
                if (host.Scheduler.Random.Chance(500))
                {
                    script.StoreWord(range.Memory, page, 0, stored[page] = turn + 1000);
                }
            }

            Assert.True(host.Manager.Filler.OverdrawnFrames > 0);
        });

    [Fact]
    public void AZeroPageThatIsWrittenKeepsItsPlace() =>
        Scenario.Run(s_tight with { DeviceFrames = [8], AllowStarving = true }, static (host, script) =>
        {
            // As a program does that makes its pages first and writes them later.
            var range = host.Open(RangeKind.Anonymous, 40);
            var made = 0;
            while (made < 40 && script.Store(range.Memory, made, 0, new byte[8]) == TouchOutcome.Done)
            {
                made++;
            }

            Assert.Equal(16, made);

            // What was only read stays for free.
            var other = host.Open(RangeKind.Anonymous, 40);
            host.Manager.Operations.DontNeed(range.Range, 0, 40);
            for (var page = 0; page < 40; page++)
            {
                Assert.Equal(0, script.LoadWord(other.Memory, page, 0));
            }
        });

    [Fact]
    public void FaultsFailAndReclaimRestsWhenEveryWriteFails() =>
        Scenario.Run(s_tight with { AllowStarving = true }, static (host, script) =>
        {
            host.Devices[0].Faults.WriteErrorPermille = 1000;
            var range = host.Open(RangeKind.Anonymous, 12);
            var stored = new bool[12];
            for (var page = 0; page < 12; page++)
            {
                stored[page] =
                    script.Store(range.Memory, page, 0, BitConverter.GetBytes(page + 100L)) == TouchOutcome.Done;
            }

            host.WaitQuiet();
            Assert.Equal(8, stored.Count(static done => done));
            Assert.True(host.Manager.Evictor.IsStuck);
            for (var page = 0; page < 12; page++)
            {
                Assert.Equal(stored[page] ? TouchOutcome.Done : TouchOutcome.Fails, Touch(script, range, page));
            }

            // The next fault asks for reclaim, which goes on as if nothing had been.
            host.Devices[0].Faults.WriteErrorPermille = 0;
            var other = host.Open(RangeKind.Anonymous, 4);
            StoreAndCheck(script, other, 4);
            host.WaitQuiet();
            for (var page = 0; page < 12; page++)
            {
                Assert.Equal(stored[page] ? page + 100 : 0, script.LoadWord(range.Memory, page, 0));
            }
        });

    [Theory]
    [InlineData(nameof(SeamCall.Install))]
    [InlineData(nameof(SeamCall.Protect))]
    [InlineData(nameof(SeamCall.Read))]
    public void AThreadGoesOnWhenACallFailedOnce(string call) => Scenario.Run(s_tight, (host, script) =>
    {
        var failing = Enum.Parse<SeamCall>(call);
        var range = host.Open(RangeKind.Anonymous, 12);
        var failures = 0;
        range.Memory.Inject = (what, _) => what == failing && ++failures % 3 == 0 ? Errno.ENOMEM : Errno.None;
        StoreAndCheck(script, range, 12);
        range.Memory.Inject = static (_, _) => Errno.None;
        Assert.True(failures > 0);
    });

    [Fact]
    public void FlushReportsWhatCouldNotBeWrittenAndKeepsIt() => Scenario.Run(s_roomy, static (host, script) =>
    {
        var file = host.AddFile(8, 12);
        var range = host.Open(RangeKind.FileShared, 8, 12, file);
        StoreAndCheck(script, range, 8);
        file.Device.Faults.WriteErrorPermille = 1000;
        Assert.Equal(
            Errno.EIO, Assert.Throws<HmmException>(() => host.Manager.Operations.Flush(range.Range, 0, 8)).Errno);
        file.Device.Faults.WriteErrorPermille = 0;
        host.Manager.Operations.Flush(range.Range, 0, 8);
        for (var page = 0; page < 8; page++)
        {
            Assert.Equal(page + 100, BitConverter.ToInt64(file.Page(page)));
        }
    });

    [Fact]
    public void APageThatIsThereAlreadyIsNewerThanItsDevice() => Scenario.Run(s_roomy, static (host, script) =>
    {
        var range = host.Open(RangeKind.Anonymous, 16, allowExisting: true);
        Span<byte> content = new byte[4096];
        for (var page = 0; page < 16; page += 3)
        {
            // Write-protected and not published: what a host leaves that dies between an install and its page table.
            content.Fill((byte)(page + 1));
            range.Memory.Place(page, content);
        }

        host.Manager.Operations.WillWrite(range.Range, 0, 16);
        host.WaitQuiet();
        for (var page = 0; page < 16; page++)
        {
            Assert.Equal(page % 3 == 0 ? page + 1 : 0, script.LoadWord(range.Memory, page, 8) & 0xFF);
            script.StoreWord(range.Memory, page, 8, page + 500);
            Assert.Equal(page + 500, script.LoadWord(range.Memory, page, 8));
        }
    });
}
