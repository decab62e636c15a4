// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Pmem;
using Hmm.System.Tests.Support;
using Hmm.Uapi;

namespace Hmm.System.Tests;

/// <summary>Named ranges: what was in a checkpoint comes back, what was not does not; bad days cost neither.</summary>
public sealed class PersistentRangeTests
{
    private const int MiB = 1 << 20;
    private const long Length = 8 * MiB / sizeof(ulong); // four times the budget

    [Theory]
    [InlineData("map=never")]
    [InlineData("map=always")]
    public void ComesBackAsItsLastCheckpoint(string map)
    {
        using var folder = new TemporaryFolder();
        using (var host = Start(folder, map))
        using (var array = host.Open<ulong>("numbers", Length))
        {
            Assert.Equal(0UL, array[Length - 1]);
            Hosts.Write(array, 0, Length);
            var first = array.Checkpoint();
            Hosts.Write(array, 0, Length / 2, round: 1);
            Assert.True(array.Checkpoint() > first, "numbers rise");
            Hosts.Write(array, 0, Length, round: 2);
            Hosts.Check(array, 0, Length, round: 2);
        }

        using (var host = Start(folder, map))
        using (var array = host.Open<ulong>("numbers"))
        {
            Assert.Equal(Length, array.Length);
            Hosts.Check(array, 0, Length / 2, round: 1);
            Hosts.Check(array, Length / 2, Length / 2);

            // And goes on from there, over pages that were, and were not, touched since.
            array[5] = 99;
            array.Checkpoint();
            array.DontNeed(0, Length);
            Assert.Equal(99UL, array[5]);
        }

        Assert.Empty(Check(folder).Findings);
    }

    [Fact]
    public void DontNeedGoesBackToTheCheckpoint()
    {
        using var folder = new TemporaryFolder();
        using var host = Start(folder);
        using var array = host.Open<ulong>("numbers", Length);
        Hosts.Write(array, 0, Length);
        array.Checkpoint();
        Hosts.Write(array, 0, Length, round: 1);
        array.DontNeed(0, Length);
        Hosts.Check(array, 0, Length);
    }

    [Fact]
    public void KeepsOlderCheckpointsToLookAt()
    {
        using var folder = new TemporaryFolder();
        using var host = Start(folder, "keep=3");
        using var array = host.Open<ulong>("numbers", Length);
        for (var round = 0; round < 5; round++)
        {
            Hosts.Write(array, 0, 4096, round);
            array.Checkpoint();
        }

        var kept = host.Checkpoints();
        Assert.Equal(3, kept.Count);
        Assert.All(kept, static checkpoint => Assert.Equal("numbers", checkpoint.Name.ToString()));
        for (var i = 0; i < kept.Count; i++)
        {
            using var older = host.Open<ulong>("numbers", new HmmOpenOptions { Sequence = kept[i].Sequence });
            Hosts.Check(older, 0, 4096, round: 2 + i);
            older[0] = 1;
            Refused.With(Errno.EROFS, () => older.Checkpoint(), "older checkpoint");

            // While it is open it stays, whatever comes after it.
            Hosts.Write(array, 0, 4096, round: 4);
            array.Checkpoint();
            Hosts.Check(older, 512, 4096 - 512, round: 2 + i);
        }

        Assert.Empty(Check(folder, host).Findings);
    }

    [Fact]
    public void SaysWhatIsWrongWithARequest()
    {
        using var folder = new TemporaryFolder();
        using var host = Start(folder);
        using var array = host.Open<ulong>("numbers", Length);
        array[0] = 1;
        array.Checkpoint();
        Refused.With(Errno.EBUSY, () => host.Open<ulong>("numbers", Length), "open already");
        Refused.With(Errno.ENOENT, () => host.Open<ulong>("others"), "others");
        Refused.With(
            Errno.ENOENT, () => host.Open<ulong>("numbers", new HmmOpenOptions { Sequence = 77 }), "no checkpoint 77");
        Refused.With(
            Errno.ENODEV, () => host.Open<ulong>("n", 1, new HmmOpenOptions { Device = "other" }), "other");
        Refused.With(Errno.EBUSY, () => host.RemoveDevice("pmem1"), "close them first");
        using (array.Pin(0, 1))
        {
            array[0] = 2;
            Refused.With(Errno.EBUSY, () => array.Checkpoint(), "pinned");
        }

        array.Checkpoint();
        array.Dispose();
        Refused.With(Errno.EINVAL, () => host.Open<ulong>("numbers", Length + 1), "numbers");
        Refused.With(Errno.EINVAL, () => host.Open<uint>("numbers", Length * 2), "elements of 8");
        using var plain = host.Allocate<int>(1000);
        Refused.With(Errno.EINVAL, () => plain.Checkpoint(), "name");
        host.RemoveDevice("pmem1");
        Refused.With(Errno.ENODEV, () => host.Open<ulong>("numbers", Length), "--device pmem");
        using var without = Hosts.Start();
        Refused.With(Errno.ENODEV, () => without.Open<ulong>("numbers", Length), "--device pmem");
    }

    [Fact]
    public void AFileIsHeldByOneHostAndTheRefusalNamesIt()
    {
        using var folder = new TemporaryFolder();
        using var host = Start(folder);
        Refused.With(Errno.EBUSY, () => Start(folder), $"process {host.HostProcessId}");
        Refused.With(Errno.EBUSY, () => PmemFile.Open(folder.File("data")), $"process {host.HostProcessId}");
        Refused.With(
            Errno.EBUSY, () => host.AddDevice($"pmem,file={folder.File("data")}"), $"process {host.HostProcessId}");
    }

    [Fact]
    public void ACorruptPageIsAnErrorAndNeverWrongBytes()
    {
        using var folder = new TemporaryFolder();
        using (var host = Start(folder))
        using (var array = host.Open<ulong>("numbers", Length))
        {
            Hosts.Write(array, 0, Length);
            array.Checkpoint();
        }

        var damaged = Damage(folder, page: 100);
        using (var host = Start(folder))
        using (var array = host.Open<ulong>("numbers"))
        {
            var refused = Assert.Throws<HmmException>(() => array.Populate(100 * 512, 512));
            Assert.Contains(refused.Errno, new[] { Errno.EHWPOISON, Errno.EFAULT });
            Hosts.Check(array, 0, 90 * 512);
            Hosts.Check(array, 200 * 512, Length - (200 * 512));
        }

        var finding = Assert.Single(Check(folder).Findings);
        Assert.Equal((damaged, "numbers", 100L), (finding.Frame, finding.Range, finding.Page));
    }

    [MountFact]
    public void AFullDiskCostsTheCheckpointAndNothingElse()
    {
        using var small = new SmallFolder("24m");
        using (var host = Hosts.Start(32, "memory,size=64MiB", $"pmem,file={small.Path}/data,size=256MiB"))
        using (var array = host.Open<ulong>("numbers", 2 * Length))
        {
            Hosts.Write(array, 0, Length);
            array.Checkpoint();
            Hosts.Write(array, 0, 2 * Length, round: 1);
            Refused.With(Errno.ENOSPC, () => array.Checkpoint());
            Hosts.Check(array, 0, 2 * Length, round: 1);
            using var remount = Child.Start("mount", ["-o", "remount,size=96m", small.Path]);
            Assert.Equal(0, remount.WaitForExit());
            Hosts.Write(array, 0, 16, round: 1);
            array.Checkpoint();
            Hosts.Write(array, 0, Length, round: 2);
        }

        using (var host = Hosts.Start(4, "memory,size=64MiB", $"pmem,file={small.Path}/data"))
        using (var array = host.Open<ulong>("numbers"))
        {
            Hosts.Check(array, 0, 2 * Length, round: 1);
        }
    }

    [Fact]
    public void AFileThatIsFullRefusesTheCheckpointAndKeepsTheLast()
    {
        using var folder = new TemporaryFolder();
        using var host = Hosts.Start(32, "memory,size=64MiB", $"pmem,file={folder.File("data")},size=12MiB,keep=1");
        using var array = host.Open<ulong>("numbers", Length);
        Hosts.Write(array, 0, Length);
        array.Checkpoint();
        Hosts.Write(array, 0, Length, round: 1);
        Refused.With(Errno.ENOSPC, () => array.Checkpoint(), "last");
        Hosts.Check(array, 0, Length, round: 1);
        array.DontNeed(0, Length);
        Hosts.Check(array, 0, Length);
        Hosts.Write(array, 0, 1024, round: 2);
        array.Checkpoint();
    }

    private static HmmHost Start(TemporaryFolder folder, string more = "keep=4") =>
        Hosts.Start(2, "memory,size=64MiB", $"pmem,file={folder.File("data")},size=64MiB,{more}");

    private static PmemCheck Check(TemporaryFolder folder, HmmHost? host = null)
    {
        host?.Dispose();
        using var file = PmemFile.Open(folder.File("data"));
        return PmemCheck.Run(file);
    }

    private static ulong Damage(TemporaryFolder folder, long page)
    {
        using var file = PmemFile.Open(folder.File("data"));
        var store = PmemStore.Open(file);
        Assert.Equal(Errno.None, store.TableOf(store.Find(FixedName.Create("numbers"))!).Find(page, out var pointer));
        var bytes = new byte[1];
        file.Read(PmemFormat.OffsetOf(pointer.Frame) + 8, bytes);
        bytes[0] ^= 0x10;
        file.Write(PmemFormat.OffsetOf(pointer.Frame) + 8, bytes);
        return pointer.Frame;
    }
}
