// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Block.Tests;
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Linux;
using Hmm.Modules.Compressed;

namespace Hmm.Compressed.Tests;

/// <summary>Pages that go from one compressed device to another as they are kept, and what does not.</summary>
public sealed unsafe class PeerTests : IDisposable
{
    private const int Pages = 64;

    private readonly nint _buffer = (nint)NativeMemory.AlignedAlloc(Pages * Pfn.SizeBytes, Pfn.SizeBytes);

    public void Dispose() => NativeMemory.AlignedFree((void*)_buffer);

    [Theory]
    [InlineData("lz4", 0)]
    [InlineData("zstd", 1)]
    public void PagesGoAsTheyAreKept(string codec, int workers) => Seeded.Run(80, 5, random =>
    {
        using var source = new DeviceWorld(Open(codec));
        using var target = new DeviceWorld(Open(codec), workers: workers);
        var (frames, pages) = Fill(source, random);
        var (taken, batch) = Move(source, target, frames);
        for (var i = 0; i < Pages; i++)
        {
            var isWord = pages[i].AsSpan().IndexOfAnyExcept(pages[i][0]) < 0;
            Assert.Equal(isWord ? PageEncoding.Word : PageEncoding.Of(codec), batch.PageAt(0, i).Encoding);
            Assert.False(batch.WasRefused(i));
        }

        AssertHolds(target, taken, pages);
        source.Memory.PageMap.Put(frames, Pages);
        AssertHolds(target, taken, pages);
        target.Memory.PageMap.Put(taken, Pages);
        Assert.Equal(0, source.Hooks.Objects.SlotBytes);
        Assert.Equal(0, target.Hooks.Objects.SlotBytes);
    });

    [Fact]
    public void PagesGoDecodedToADeviceOfAnotherAlgorithm()
    {
        using var source = new DeviceWorld(Lz4Codec.Open());
        using var target = new DeviceWorld(ZstdCodec.Open());
        Assert.False(target.Hooks.Accepts(source.Hooks.Encoding), "each keeps its own form");
        var (frames, pages) = Fill(source, new Random(5));
        var (taken, batch) = Move(source, target, frames);
        Assert.Contains(Enumerable.Range(0, Pages), i => batch.PageAt(0, i).Encoding.IsPlain);
        AssertHolds(target, taken, pages);
        source.Memory.PageMap.Put(frames, Pages);
        target.Memory.PageMap.Put(taken, Pages);
    }

    [Fact]
    public void APageThatIsDamagedOnTheWayIsFound()
    {
        using var source = new DeviceWorld(Lz4Codec.Open());
        using var target = new DeviceWorld(Lz4Codec.Open());
        var (frames, pages) = Fill(source, new Random(6));
        var word = new FrameWord(source.Memory.DriverWord(frames + 1));
        ((byte*)(source.Hooks.Objects.HeaderOf(word) + 1))[word.Length / 2] ^= 1;
        var (taken, _) = Move(source, target, frames);
        var read = new byte[Pfn.SizeBytes];
        var error = target.Fault(taken + 1, read);
        Assert.True(error == Errno.EIO || read.AsSpan().SequenceEqual(pages[1]), $"{error}");
        Assert.Equal(Errno.None, target.Fault(taken + 2, read));
        Assert.Equal(pages[2], read);
        source.Memory.PageMap.Put(frames, Pages);
        target.Memory.PageMap.Put(taken, Pages);
    }

    /// <summary>Every eighth page is one word, the others are text.</summary>
    private (Pfn Frames, byte[][] Pages) Fill(DeviceWorld world, Random random)
    {
        Assert.True(world.Memory.TryAllocateRun(Pages, out var first, out var count) && count == Pages);
        var pages = new byte[Pages][];
        for (var i = 0; i < Pages; i++)
        {
            pages[i] = i % 8 == 0
                ? [.. Enumerable.Repeat((byte)random.Next(0x80), Pfn.SizeBytes)]
                : CompressedDeviceTests.Page(random);
            pages[i].CopyTo(new Span<byte>((void*)(_buffer + (i << Pfn.Shift)), Pfn.SizeBytes));
        }

        var batch = new TestBatch().Add(first, Pages, _buffer).Give();
        world.Hooks.Evict(batch);
        Assert.True(SpinWait.SpinUntil(() => batch.Completions == 1, 30_000));
        return (first, pages);
    }

    private (Pfn Taken, TestPeerBatch Batch) Move(DeviceWorld source, DeviceWorld target, Pfn frames)
    {
        Assert.True(target.Memory.TryAllocateRun(Pages, out var taken, out var count) && count == Pages);
        var exported = new TestPeerBatch(target.Hooks, frames, Pages, _buffer);
        source.Hooks.Export(exported);
        Assert.Equal(Errno.None, exported.Wait());
        var imported = new TestPeerBatch(target.Hooks, taken, Pages, _buffer);
        for (var i = 0; i < Pages; i++)
        {
            imported.PageAt(0, i) = exported.PageAt(0, i);
        }

        target.Hooks.Import(imported);
        Assert.Equal(Errno.None, imported.Wait());
        return (taken, imported);
    }

    private static void AssertHolds(DeviceWorld world, Pfn first, byte[][] pages)
    {
        var read = new byte[Pfn.SizeBytes];
        for (var i = 0; i < pages.Length; i++)
        {
            Assert.Equal(Errno.None, world.Fault(first + i, read));
            Assert.True(read.AsSpan().SequenceEqual(pages[i]), $"page {i} is as it was");
        }
    }

    private static Codec Open(string name) => name == "lz4" ? Lz4Codec.Open() : ZstdCodec.Open();
}
