// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using Hmm.Uapi;

namespace Hmm.Pmem.Tests;

/// <summary>Checkpoints, generations, free space, and the bad days of a file.</summary>
public sealed class StoreTests
{
    [Fact]
    public void ChecksumsAreTheCrc32COfEveryLibrary() =>
        Assert.Equal(0xE306_9283u, Crc32C.Of("123456789"u8));

    [Theory]
    [InlineData(1L, 1)]
    [InlineData(256L, 1)]
    [InlineData(257L, 2)]
    [InlineData(1L << 32, 4)]
    [InlineData((1L << 32) + 1, 5)]
    public void TablesAreAsDeepAsTheyMustBe(long pages, int levels) =>
        Assert.Equal(levels, PmemFormat.LevelsFor(pages));

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void KeepsSoManyCheckpointsAndGivesBackTheFramesOfTheOthers(int kept)
    {
        var world = new StoreWorld(new Random(3), kept: kept);
        for (var step = 0; step < 600; step++)
        {
            world.Step();
            Assert.All(
                world.Store.Checkpoints.GroupBy(static record => record.Name),
                range => Assert.InRange(range.Count(), 1, kept));
        }

        Assert.Null(world.Compare(world.File, world.Store));
        Assert.Equal(world.Taken, Count(world.Store.FramesInUse(), world.Store.FrameCount));
    }

    [Fact]
    public void ACheckpointThatIsOpenIsKept()
    {
        var world = new StoreWorld(new Random(5), kept: 1);
        while (world.Store.Checkpoints.Count < 3)
        {
            world.Step();
        }

        var held = world.Store.Checkpoints[0];
        world.Store.Hold(held);
        for (var step = 0; step < 60; step++)
        {
            try
            {
                world.Step();
            }
            catch (HmmException exception)
            {
                Assert.Equal(Errno.EBUSY, exception.Errno);
            }
        }

        Assert.Contains(held, world.Store.Checkpoints);
        Assert.Null(world.Compare(world.File, world.Store));
    }

    [Fact]
    public void AFullDiskKeepsTheLastCheckpointAndCommitsAgainOnceThereIsRoom()
    {
        var world = new StoreWorld(new Random(9));
        for (var step = 0; step < 10; step++)
        {
            world.Step();
        }

        var before = world.Store.Current;
        for (var writes = 0; writes < 4; writes++)
        {
            // The page itself is written outside of the store; 0 to 3 writes later the disk is full.
            world.File.WritesLeft = writes;
            var full = Assert.Throws<HmmException>(() => world.Store.Commit(
                new CheckpointDraft(FixedName.Create("n"), 100_000, 1, 1, 0, 1),
                [new TableChange(5, new FramePointer(400, 0))],
                new FileSpace(world.Store)));
            Assert.Equal(Errno.ENOSPC, full.Errno);
            Assert.Same(before, world.Store.Current);
            Assert.Null(world.Compare(world.File, PmemStore.Open(world.File)));
        }

        world.File.WritesLeft = long.MaxValue;
        world.Step();
        Assert.Null(world.Compare(world.File, PmemStore.Open(world.File)));
    }

    [Fact]
    public void ARootThatMayOrMayNotHaveArrivedIsTheLastThingWritten()
    {
        var world = new StoreWorld(new Random(9));
        world.Step();
        world.File.SyncsLeft = 1;
        var unknown = Assert.Throws<HmmException>(world.Step);
        Assert.Equal(Errno.EIO, unknown.Errno);
        world.File.SyncsLeft = long.MaxValue;
        var refused = Assert.Throws<HmmException>(
            () => world.Store.Remove(FixedName.Create("a"), 1, new FileSpace(world.Store)));
        Assert.Equal(Errno.EIO, refused.Errno);
        Assert.Contains("open the file again", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesAnotherVersionAForeignFileAndOneThatWasCutShort()
    {
        var world = new StoreWorld(new Random(1));
        var file = world.File;
        Refuse(Errno.EINVAL, new MemoryPmemFile(1 << 20), "no file of persistent ranges");
        Refuse(Errno.EINVAL, new MemoryPmemFile(100), "no file of persistent ranges");
        Refuse(Errno.EIO, new MemoryPmemFile(file.Bytes[..(1 << 20)]), "cut short");
        foreach (var slot in (int[])[0, PmemFormat.FrameBytes])
        {
            BinaryPrimitives.WriteUInt32LittleEndian(file.Bytes.AsSpan(slot + 8), 2);
        }

        Refuse(Errno.EPROTONOSUPPORT, file, "format version 2");
        file.Bytes[8] = 1;
        file.Bytes[PmemFormat.FrameBytes + 8] = 1;
        file.Bytes[100] ^= 1;
        file.Bytes[PmemFormat.FrameBytes + 100] ^= 1;
        Refuse(Errno.EIO, file, "checksum of root slot 0");
        Assert.Equal(
            Errno.EINVAL,
            Assert.Throws<HmmException>(() => PmemStore.Format(new MemoryPmemFile(4096), 4, 1)).Errno);
    }

    [Fact]
    public void CopiesRangesIntoAnotherFile()
    {
        var world = new StoreWorld(new Random(21));
        while (world.Store.Checkpoints.DistinctBy(static record => record.Name).Count() < 3)
        {
            world.Step();
        }

        var file = new MemoryPmemFile(world.File.LengthBytes);
        var copy = PmemStore.Format(file, 4, 1);
        foreach (var name in (string[])["a", "b", "c"])
        {
            var record = world.Store.Find(FixedName.Create(name))!;
            PmemCopy.Run(world.File, world.Store, record, file, copy);
            var copied = copy.Find(FixedName.Create(name))!;
            foreach (var (page, value) in world.Model[record.Sequence])
            {
                Assert.Equal(Errno.None, copy.TableOf(copied).Find(page, out var pointer));
                Assert.Equal(
                    StoreWorld.PageOf(value),
                    file.Bytes.AsSpan((int)PmemFormat.OffsetOf(pointer.Frame), PmemFormat.FrameBytes).ToArray());
            }
        }

        Assert.Empty(PmemCheck.Run(file).Findings);
    }

    private static void Refuse(Errno errno, IPmemFile file, string words)
    {
        var refused = Assert.Throws<HmmException>(() => PmemStore.Open(file));
        Assert.Equal(errno, refused.Errno);
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }

    private static long Count(FrameSet frames, ulong frameCount)
    {
        var count = 0L;
        for (var frame = 0UL; frame < frameCount; frame++)
        {
            count += frames.Contains(frame) ? 1 : 0;
        }

        return count;
    }
}
