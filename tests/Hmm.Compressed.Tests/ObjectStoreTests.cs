// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Modules.Compressed;

namespace Hmm.Compressed.Tests;

/// <summary>The store against a dictionary, with patterns of frees that leave it full of holes.</summary>
public sealed class ObjectStoreTests
{
    private const ulong MiB = 1 << 20;

    [Fact]
    public void AgreesWithADumbModelOver200000Operations() => Seeded.Run(17, 10, random =>
    {
        using var world = new StoreWorld(frames: 3000, memoryBytes: 4 * MiB);
        for (var i = 0; i < 20_000; i++)
        {
            Step(random, world);
        }

        world.CheckAll();
        Empty(world);
    });

    [Fact]
    public void AStoreThatIsTakenOverHasEveryObjectAndAllItsRoom() => Seeded.Run(40, 10, random =>
    {
        using var world = new StoreWorld(frames: 2000, memoryBytes: 8 * MiB);
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 3_000; i++)
            {
                Step(random, world);
            }

            world.TakeOver();
            world.CheckAll();
        }

        Empty(world);
    });

    [Fact]
    public void FreesInAnyOrderLeaveAtMostAnEighthToWaste() => Seeded.Run(5, 3, random =>
    {
        using var world = new StoreWorld(frames: 40_000, memoryBytes: 96 * MiB);
        for (var frame = 0; frame < world.Frames; frame++)
        {
            Assert.True(world.TryPut(frame, frame, random.Next(300, ObjectStore.ObjectBytesMax)), "there is room");
        }

        // Three quarters go, at random: without compaction nearly every span would keep an object.
        for (var frame = 0; frame < world.Frames; frame++)
        {
            if (random.Next(4) != 0)
            {
                world.Drop(frame);
            }
        }

        world.CheckAll();
        // An eighth of a class's slots may be free, an object wastes 2 % of its slot, and what does not depend on the
        // number of objects is a partly empty span a class and the spans that are kept warm.
        var bound = (world.HeldBytes * 8 / 7 * 1.03) + ((SizeClasses.Count + 16) * SizeClasses.SpanBytes);
        Assert.True(
            world.Store.UsedBytes <= bound,
            $"{world.Store.UsedBytes} bytes of DRAM for {world.HeldBytes} of {world.Held} objects");
    });

    [Fact]
    public void AFullStoreSaysSoAndTakesObjectsAgainOnceSomeLeft()
    {
        using var world = new StoreWorld(frames: 4000, memoryBytes: ObjectStore.MemoryBytesMin);
        var frame = 0;
        while (world.TryPut(frame, frame, 1000))
        {
            frame++;
        }

        Assert.True(world.Store.IsFull, "a store that refused an object is full");
        Assert.InRange(frame, 700, 1040);
        for (var dropped = 0; dropped < frame; dropped += 2)
        {
            world.Drop(dropped);
        }

        // The holes are of one class; another class gets the spans that compaction empties.
        Assert.False(world.Store.IsFull, "half of its objects left");
        Assert.True(world.TryPut(3999, 7, 3000), "half of its room is free");
        world.CheckAll();
    }

    [Fact]
    public void AFileThatIsNoStoresIsRefused()
    {
        using var world = new StoreWorld(frames: 1, memoryBytes: MiB);
        using var file = Hmm.Linux.MemoryFile.Create("not-a-store", 12344 * 4096UL);
        var error = Assert.Throws<HmmException>(() => ObjectStore.Adopt(file, world, []));
        Assert.Equal(Errno.EINVAL, error.Errno);
        Assert.Contains("pass the one", error.Message, StringComparison.Ordinal);
    }

    private static void Step(Random random, StoreWorld world)
    {
        var frame = random.Next(world.Frames);
        switch (random.Next(8))
        {
            case 0:
                world.Check(frame);
                break;
            case 1 or 2:
                world.Drop(frame);
                break;
            case 3 when random.Next(200) == 0:
                for (var i = 0; i < world.Frames; i += 1 + random.Next(3))
                {
                    world.Drop(i);
                }

                break;
            default:
                world.TryPut(frame, random.Next(), random.Next(1, ObjectStore.ObjectBytesMax + 1));
                break;
        }
    }

    private static void Empty(StoreWorld world)
    {
        for (var frame = 0; frame < world.Frames; frame++)
        {
            world.Drop(frame);
        }

        Assert.Equal(0, world.Store.SlotBytes);
        Assert.True(world.Store.UsedBytes <= (long)(2 * MiB), $"an empty store keeps {world.Store.UsedBytes} bytes");
    }
}
