// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Core.Physical;
using Hmm.Linux;
using Hmm.Modules.Compressed;

namespace Hmm.Compressed.Tests;

public sealed class CompressedDeviceTests
{
    public static TheoryData<string> Codecs => ["lz4", "zstd"];

    [Theory]
    [MemberData(nameof(Codecs))]
    public void PagesComeBackByteForByte(string codec) => Seeded.Run(3, 4, random =>
    {
        using var world = new DeviceWorld(Open(codec));
        var kept = new Dictionary<Pfn, byte[]>();
        var read = new byte[Pfn.SizeBytes];
        for (var i = 0; i < 3000; i++)
        {
            var page = Page(random);
            if (kept.Count > 1000)
            {
                var (frame, expected) = kept.ElementAt(random.Next(kept.Count));
                Assert.Equal(Errno.None, world.Fault(frame, read));
                Assert.True(read.AsSpan().SequenceEqual(expected), "a page came back as it was");
                world.Memory.PageMap.Put(frame, 1);
                kept.Remove(frame);
            }

            if (world.TryEvict(page, out var taken))
            {
                kept.Add(taken, page);
            }
        }

        foreach (var (frame, expected) in kept)
        {
            Assert.Equal(Errno.None, world.Fault(frame, read));
            Assert.True(read.AsSpan().SequenceEqual(expected), "a page came back as it was");
            world.Memory.PageMap.Put(frame, 1);
        }

        Assert.Equal(0, world.Hooks.Objects.SlotBytes);
    });

    [Fact]
    public void APageOfOneWordTakesNoRoom()
    {
        using var world = new DeviceWorld(Lz4Codec.Open());
        var page = new byte[Pfn.SizeBytes];
        var read = new byte[Pfn.SizeBytes];
        foreach (var word in (ulong[])[0, ulong.MaxValue, 0x0101010101010101, 1, 0x400921FB54442D18])
        {
            MemoryMarshal.Cast<byte, ulong>(page.AsSpan()).Fill(word);
            Assert.True(world.TryEvict(page, out var frame), "a page of one word is taken");
            Assert.Equal(0, world.Hooks.Objects.SlotBytes);
            Assert.Equal(Errno.None, world.Fault(frame, read));
            Assert.Equal(page, read);
            world.Memory.PageMap.Put(frame, 1);
        }
    }

    [Fact]
    public void AnIncompressiblePageIsTurnedDown()
    {
        using var world = new DeviceWorld(ZstdCodec.Open());
        var page = new byte[Pfn.SizeBytes];
        new Random(1).NextBytes(page);
        Assert.False(world.TryEvict(page, out _), "random bytes go to the next device");
        Assert.Equal((0UL, 0L), (world.Memory.Statistics.FramesUsed, world.Hooks.Objects.SlotBytes));
    }

    [Fact]
    public void ADeviceWithoutItsLibraryKeepsPagesOfOneWordOnly()
    {
        using var world = new DeviceWorld(codec: null);
        Assert.True(world.TryEvict(new byte[Pfn.SizeBytes], out var frame), "zeros need no codec");
        Assert.False(world.TryEvict(Page(new Random(2)), out _), "text goes to the next device");
        world.Memory.PageMap.Put(frame, 1);
    }

    [Fact]
    public void AFullDeviceTurnsPagesDownUntilSomeLeave()
    {
        using var world = new DeviceWorld(Lz4Codec.Open(), memoryBytes: 1 << 20);
        var random = new Random(9);
        var frames = new List<Pfn>();
        while (world.TryEvict(Page(random), out var frame))
        {
            frames.Add(frame);
        }

        Assert.InRange(world.Hooks.Objects.UsedBytes, 900 << 10, 1 << 20);
        foreach (var frame in frames)
        {
            world.Memory.PageMap.Put(frame, 1);
        }

        Assert.True(world.TryEvict(Page(random), out var last), "there is room again");
        world.Memory.PageMap.Put(last, 1);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public unsafe void ADamagedObjectIsAnErrorAndNeverWrongBytes(string codec) => Seeded.Run(70, 300, random =>
    {
        using var world = new DeviceWorld(Open(codec), sizeBytes: 1 << 20, memoryBytes: 1 << 20);
        var page = Page(random);
        Assert.True(world.TryEvict(page, out var frame), "text is taken");
        var word = new FrameWord(world.Memory.DriverWord(frame));
        var bytes = (byte*)world.Hooks.Objects.HeaderOf(word);
        bytes[random.Next(ObjectHeader.SizeBytes + word.Length)] ^= (byte)(1 << random.Next(8));

        // A codec may ignore a bit, such as one of padding: then the page is what it was.
        var read = new byte[Pfn.SizeBytes];
        var error = world.Fault(frame, read);
        Assert.True(error == Errno.EIO || (error == Errno.None && read.AsSpan().SequenceEqual(page)), $"{error}");
        world.Memory.PageMap.Put(frame, 1);
    });

    [Fact]
    public async Task ReadersNeverSeeAnObjectThatMovesUnderThem()
    {
        using var world = new DeviceWorld(Lz4Codec.Open(), workers: 2);
        var random = new Random(12);
        var pages = new Dictionary<Pfn, byte[]>();
        for (var i = 0; i < 200; i++)
        {
            var page = Page(random);
            Assert.True(world.TryEvict(page, out var frame), "text is taken");
            pages.Add(frame, page);
        }

        // One thread fills the store and empties it in another order, so that compaction moves everything; the other
        // reads what stays.
        using var stop = new CancellationTokenSource();
        var reader = Task.Factory.StartNew(() => Read(world, pages, stop.Token), TaskCreationOptions.LongRunning);
        try
        {
            Churn(world.Hooks.Objects, world, rounds: 60);
        }
        finally
        {
            await stop.CancelAsync();
            Assert.True(await reader > 0, "pages were read meanwhile");
        }

        foreach (var frame in pages.Keys)
        {
            world.Memory.PageMap.Put(frame, 1);
        }
    }

    private static unsafe long Read(DeviceWorld world, Dictionary<Pfn, byte[]> pages, CancellationToken stop)
    {
        var buffer = (nint)NativeMemory.AlignedAlloc(Pfn.SizeBytes, Pfn.SizeBytes);
        try
        {
            var reads = 0L;
            while (!stop.IsCancellationRequested)
            {
                foreach (var (frame, expected) in pages)
                {
                    var batch = new TestBatch().Add(frame, 1, buffer).Give();
                    world.Hooks.Fault(batch);
                    Assert.Equal(Errno.None, batch.ErrorAt(0));
                    Assert.True(
                        new ReadOnlySpan<byte>((void*)buffer, Pfn.SizeBytes).SequenceEqual(expected),
                        "a page that moved came back as it was");
                    reads++;
                }
            }

            return reads;
        }
        finally
        {
            NativeMemory.AlignedFree((void*)buffer);
        }
    }

    /// <summary>Takes frames beside those that are read, and frees them in another order.</summary>
    private static void Churn(ObjectStore store, DeviceWorld world, int rounds)
    {
        var random = new Random(13);
        for (var round = 0; round < rounds; round++)
        {
            var frames = new List<Pfn>();
            for (var i = 0; i < 150; i++)
            {
                if (world.TryEvict(Page(random), out var frame))
                {
                    frames.Add(frame);
                }
            }

            foreach (var frame in frames.OrderBy(_ => random.Next()))
            {
                world.Memory.PageMap.Put(frame, 1);
            }
        }

        Assert.True(store.SlotBytes > 0, "what is read is still there");
    }

    private static Codec Open(string name) => name == "lz4" ? Lz4Codec.Open() : ZstdCodec.Open();

    /// <summary>A page that compresses: words of a small dictionary, with some noise.</summary>
    internal static byte[] Page(Random random)
    {
        var page = new byte[Pfn.SizeBytes];
        var words = new byte[32][];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = new byte[random.Next(3, 12)];
            random.NextBytes(words[i]);
        }

        for (var at = 0; at < page.Length;)
        {
            var word = words[random.Next(words.Length)];
            var length = Math.Min(word.Length, page.Length - at);
            word.AsSpan(0, length).CopyTo(page.AsSpan(at));
            at += length;
            if (random.Next(6) == 0 && at < page.Length)
            {
                page[at++] = (byte)random.Next(256);
            }
        }

        return page;
    }
}
