// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Linux;
using Hmm.Modules.Block;
using Hmm.Uapi;

namespace Hmm.Block.Tests;

/// <summary>Disks that lie, fail, fill up, stall and go away: never wrong bytes, and people are told.</summary>
public sealed class BadDayTests : IDisposable
{
    private const ulong SizeBytes = 16UL << 20;

    private readonly FaultyFile _file = new(LogSize.FileBytesFor(SizeBytes), 1);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    [Fact]
    public void CorruptPageIsFoundAndItsNeighboursAreNot()
    {
        using var world = new BlockWorld(_file, SizeBytes);
        var (first, _) = world.Allocate(8);
        Assert.Equal(Errno.None, world.Evict(first, 8, 1));
        _file.Page(3)[100] ^= 1;
        Assert.Equal(Errno.EIO, world.Fill(first + 3, 1));
        Assert.Equal(Errno.EIO, world.Fill(first, 8));
        for (var i = 0; i < 8; i++)
        {
            if (i != 3)
            {
                world.AssertHolds(first + i, 1, "neighbour");
            }
        }

        world.WaitUntilSaid("was not read back as it was written");
        world.Put(first, 8);
    }

    [Fact]
    public void ReadThatFailsOrStopsShortIsAnErrorAndTheNextIsRight()
    {
        using var world = new BlockWorld(_file, SizeBytes);
        var (first, _) = world.Allocate(1);
        Assert.Equal(Errno.None, world.Evict(first, 1, 1));
        var reads = 0;
        _file.Faults = (request, _) => ++reads switch
        {
            1 => (Errno.EIO, 0),
            2 => (Errno.None, 4095),
            _ => (Errno.None, request.LengthBytes),
        };
        Assert.Equal(Errno.EIO, world.Fill(first, 1));
        Assert.Equal(Errno.EIO, world.Fill(first, 1));
        world.AssertHolds(first, 1, "the third time");
        Assert.Equal(3, reads);
        world.Put(first, 1);
    }

    [Fact]
    public void WriteThatFailsOrStopsShortIsAnErrorAndLeavesNothing()
    {
        using var world = new BlockWorld(_file, SizeBytes);
        var (first, _) = world.Allocate(4);
        _file.Faults = static (_, _) => (Errno.EIO, 4096);
        Assert.Equal(Errno.EIO, world.Evict(first, 4, 1));
        _file.Faults = static (request, _) => (Errno.None, request.LengthBytes - 1);
        Assert.Equal(Errno.EIO, world.Evict(first, 4, 1));
        Assert.Equal(0, world.Device.Counts.LivePages);
        world.WaitUntilSaid("writes failed");
        _file.Faults = null;
        Assert.Equal(Errno.None, world.Evict(first, 4, 2));
        world.AssertHolds(first + 3, 2, "after the bad day");
        world.Put(first, 4);
    }

    [Fact]
    public void FullDiskRefusesPagesKeepsItsOwnAndRecovers()
    {
        using var world = new BlockWorld(_file, SizeBytes);

        // Room for one and a half segments.
        const ulong Room = 3UL << 20;
        var full = true;
        _file.Faults = (request, _) => request.Write && full && request.Offset + (ulong)request.LengthBytes > Room
            ? (Errno.ENOSPC, 0)
            : (Errno.None, request.LengthBytes);
        var held = new List<Pfn>();
        var refused = 0;
        while (refused < 3)
        {
            var (first, count) = world.Allocate(64);
            var error = world.Evict(first, count, 1);
            if (error == Errno.None)
            {
                held.Add(first);
                continue;
            }

            Assert.Equal(Errno.ENOSPC, error);
            world.Put(first, count);
            refused++;
        }

        Assert.InRange(held.Count, 8, 12);
        world.WaitUntilSaid("its file system is full");
        held.ForEach(first => world.AssertHolds(first, 1, "on a full disk"));

        // A page that goes leaves a hole with room, and the next one fits there.
        world.Put(held[0], 64);
        var (again, n) = world.Allocate(16);
        Assert.Equal(Errno.None, world.Evict(again, n, 2));
        world.AssertHolds(again, 2, "in a hole");
        world.Put(again, n);
        full = false;
        for (var i = 0; i < 16; i++)
        {
            var (first, count) = world.Allocate(64);
            var done = SpinWait.SpinUntil(() => world.Evict(first, count, 3) == Errno.None, 30_000);
            Assert.True(done, "the disk has room, and nobody tries");
            held.Add(first);
        }

        world.WaitUntilSaid("there is room again");
    }

    [Fact]
    public void StalledDiskHoldsNoThread()
    {
        using var world = new BlockWorld(_file, SizeBytes);
        var (first, _) = world.Allocate(2);
        Assert.Equal(Errno.None, world.Evict(first, 2, 1));
        _file.Stalls = true;
        var stalled = new TestBatch().Add(first, 1, world.BufferOf(1)).Give();
        world.Device.Fault(stalled);
        Assert.False(stalled.IsDone);
        _file.LetGo();
        stalled.Wait();
        Assert.Equal(Errno.None, stalled.ErrorAt(0));
        Assert.True(world.IsAsMade(1, first, 1));
        world.Put(first, 2);
    }

    [Fact]
    public void PageThatMovesWhileItIsReadIsReadAgain()
    {
        using var world = new BlockWorld(_file, SizeBytes);
        var runs = new List<(Pfn First, int Count)>();
        while (world.Memory.Statistics.FramesUsed < SizeBytes >> 12)
        {
            var run = world.Allocate(64);
            Assert.Equal(Errno.None, world.Evict(run.First, run.Count, 1));
            runs.Add(run);
        }

        // The page's place, as its read saw it, is held; then its neighbours go, so that its segment is the emptiest.
        var page = runs[0].First;
        var before = world.Memory.DriverWord(page);
        _file.Stalls = true;
        var read = new TestBatch().Add(page, 1, world.BufferOf(BlockWorld.BufferPages - 1)).Give();
        world.Device.Fault(read);
        _file.Stalls = false;
        world.Put(page + 1, runs[0].Count - 1);
        foreach (var run in runs.Skip(1).Take(7))
        {
            world.Put(run.First, run.Count);
        }

        for (var turn = 0; turn < 20_000 && world.Memory.DriverWord(page) == before; turn++)
        {
            var old = runs[8 + (turn * 7 % (runs.Count - 8))];
            runs.Remove(old);
            world.Put(old.First, old.Count);
            for (var left = old.Count; left > 0;)
            {
                var run = world.Allocate(left);
                Assert.Equal(Errno.None, world.Evict(run.First, run.Count, 2));
                runs.Add(run);
                left -= run.Count;
            }
        }

        Assert.NotEqual(before, world.Memory.DriverWord(page));
        _file.Page((long)(before >> 32) - 1).Fill(0xBB);
        _file.LetGo();
        read.Wait();
        Assert.Equal(Errno.None, read.ErrorAt(0));
        Assert.True(world.IsAsMade(BlockWorld.BufferPages - 1, page, 1));
        world.Put(page, 1);
    }

    [Theory]
    [InlineData(Errno.None)]
    [InlineData(Errno.EOPNOTSUPP)]
    public void RoomOfEmptySegmentsIsGivenBackWhereThatIsSupported(Errno support)
    {
        const ulong Size = 256UL << 20;
        var file = new FaultyFile(LogSize.FileBytesFor(Size), 1) { DiscardError = support };
        using var world = new BlockWorld(file, Size);
        for (var round = 0; round < 2; round++)
        {
            var runs = new List<Pfn>();
            for (var i = 0; i < 100; i++)
            {
                var (first, count) = world.Allocate(BlockWorld.BufferPages);
                Assert.Equal((BlockWorld.BufferPages, Errno.None), (count, world.Evict(first, count, round)));
                runs.Add(first);
            }

            world.AssertHolds(runs[99], round, "written after a discard");
            runs.ForEach(first => world.Put(first, BlockWorld.BufferPages));
            Assert.True(SpinWait.SpinUntil(() => file.Discards > 0, 30_000));
        }

        Assert.True(support == Errno.None || file.Discards == 1, $"{file.Discards} discards");
    }

    [Fact]
    public void FileThatSomebodyTruncatesFailsAndIsNotBroughtBack()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("disk");
        File.WriteAllBytes(path, []);
        var io = FileIo.OpenPath(path, LogSize.FileBytesFor(SizeBytes), 2, ring: true);
        using var world = new BlockWorld(new BlockFile(io, path, 0, 2), SizeBytes);
        var (first, _) = world.Allocate(16);
        Assert.Equal(Errno.None, world.Evict(first, 16, 1));
        Shell.Run("truncate", "-s", "16384", path);
        world.AssertHolds(first + 3, 1, "before the cut");
        Assert.Equal(Errno.EIO, world.Fill(first + 4, 1));
        var (more, count) = world.Allocate(16);
        Assert.Equal(Errno.EIO, world.Evict(more, count, 2));
        Assert.Equal(16384, new FileInfo(path).Length);
        world.Put(first, 16);
        world.Put(more, count);
    }

    [Fact]
    public void FileThatSomebodyUnlinksServesOn()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("disk");
        File.WriteAllBytes(path, []);
        var io = FileIo.OpenPath(path, LogSize.FileBytesFor(SizeBytes), 2, ring: true);
        using var world = new BlockWorld(new BlockFile(io, path, 0, 2), SizeBytes);
        var (first, _) = world.Allocate(16);
        Assert.Equal(Errno.None, world.Evict(first, 16, 1));
        File.Delete(path);
        world.AssertHolds(first + 3, 1, "unlinked");
        Assert.Equal(Errno.None, world.Evict(first, 16, 2));
        world.AssertHolds(first + 15, 2, "unlinked");
        world.Put(first, 16);
    }

    [Fact]
    public void FrameThatNothingWasWrittenToIsAnError()
    {
        using var world = new BlockWorld(_file, SizeBytes);
        var (first, _) = world.Allocate(1);
        Assert.Equal(Errno.EIO, world.Fill(first, 1));
        world.Put(first, 1);
    }
}
