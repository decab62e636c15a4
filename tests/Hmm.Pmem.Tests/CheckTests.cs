// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Pmem.Tests;

/// <summary>Every flipped bit is found, and no bit that is right is reported.</summary>
public sealed class CheckTests
{
    // Each of the eight bits of a byte: a prime apart, so that every field of every structure gets its turn.
    private const int ByteStep = 61;

    [Fact]
    public void FindsNothingInAWholeFile()
    {
        var world = Grown();
        var check = PmemCheck.Run(world.File);
        Assert.Empty(check.Findings);
        Assert.True(check.PagesChecked > 20 && check.NodesChecked > 10, "there was something to check");
    }

    [Fact]
    public void FindsEveryFlippedBitThatAnythingDependsOn()
    {
        var world = Grown();
        var used = world.Store.FramesInUse();
        var flips = 0;
        for (var frame = 0UL; frame < world.Store.FrameCount; frame++)
        {
            if (!used.Contains(frame))
            {
                continue;
            }

            for (var at = (int)frame % ByteStep; at < PmemFormat.FrameBytes; at += ByteStep)
            {
                var bit = flips++ % 8;
                var offset = (int)PmemFormat.OffsetOf(frame) + at;
                world.File.Bytes[offset] ^= (byte)(1 << bit);
                Assert.True(IsFound(world.File), $"bit {bit} of byte {at} of frame {frame} was not found");
                world.File.Bytes[offset] ^= (byte)(1 << bit);
            }
        }

        Assert.True(flips > 2000, $"{flips} bits were flipped");
        Assert.Empty(PmemCheck.Run(world.File).Findings);
    }

    [Fact]
    public void EveryBitOfTheRootSlotsIsVouchedFor()
    {
        var world = Grown();
        for (var bit = 0; bit < 2 * PmemFormat.FrameBytes * 8; bit++)
        {
            world.File.Bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            var slot = bit / 8 / PmemFormat.FrameBytes;
            Assert.False(Root.TryRead(world.File, slot, out _, out var why));
            Assert.NotEmpty(why);
            world.File.Bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void SaysWhichPageOfWhichRangeIsDamaged()
    {
        var world = Grown();
        var record = world.Store.Checkpoints[^1];
        var page = world.Model[record.Sequence].Keys.First();
        Assert.Equal(Errno.None, world.Store.TableOf(record).Find(page, out var pointer));
        world.File.Bytes[(int)PmemFormat.OffsetOf(pointer.Frame) + 17] ^= 4;
        var finding = Assert.Single(PmemCheck.Run(world.File).Findings);
        Assert.Equal((pointer.Frame, record.Name.ToString(), page), (finding.Frame, finding.Range, finding.Page));
    }

    private static StoreWorld Grown()
    {
        var world = new StoreWorld(new Random(11));
        for (var step = 0; step < 24; step++)
        {
            world.Step();
        }

        return world;
    }

    private static bool IsFound(MemoryPmemFile file)
    {
        try
        {
            return PmemCheck.Run(file).Findings.Count > 0;
        }
        catch (HmmException)
        {
            return true;
        }
    }
}
