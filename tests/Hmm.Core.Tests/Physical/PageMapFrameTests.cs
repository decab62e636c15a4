// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Uapi;
using Xunit;
using static Hmm.Core.Tests.Physical.PageMapWorld;

namespace Hmm.Core.Tests.Physical;

public sealed class PageMapFrameTests
{
    private readonly PageMapWorld _world = new();

    [Fact]
    public void HandsOutCleanFramesWithOneHolder()
    {
        var map = _world.Map(16);
        Assert.True(map.TryAllocateRun(4, out var first, out var frames));
        Assert.Equal(4, frames);
        for (var i = 0; i < frames; i++)
        {
            ref var frame = ref map.FrameOf(first + i);
            Assert.Equal((1, 0UL, 0UL), (frame.References, frame.DriverWord, frame.Owner));
        }

        Assert.Equal(new DeviceMemoryStatistics(16, 4, 4, 0, 4), map.Statistics);
        Assert.Equal(12UL, map.Statistics.FramesFree);
    }

    [Fact]
    public void FreesWithTheLastHolderInContiguousRuns()
    {
        var map = _world.Map(16);
        map.TryAllocateRun(8, out var first, out _);
        map.Get(first + 3);
        map.Put(first, 8);
        Assert.Equal([(first, 3), (first + 4, 4)], _world.Ops.Freed);
        map.Put(first + 3);
        Assert.Equal((first + 3, 1), _world.Ops.Freed[^1]);
        Assert.Equal(new DeviceMemoryStatistics(16, 0, 8, 8, 0), map.Statistics);
    }

    [Fact]
    public void CutsTheReverseLinkBeforeTheHookAndTheDriverWordAfterIt()
    {
        PageMap? map = null;
        var seen = (Owner: 1UL, DriverWord: 0UL, Used: 0UL, References: 0L);
        var world = new PageMapWorld
        {
            Ops = new TestOps((first, _) => seen = (
                map!.FrameOf(first).Owner,
                map.FrameOf(first).DriverWord,
                map.Statistics.FramesUsed,
                map.Statistics.References)),
        };
        map = world.Map(4);
        map.TryAllocateRun(1, out var pfn, out _);
        map.FrameOf(pfn).Owner = 7;
        map.DriverWord(pfn, world.Owner) = 42;
        map.Put(pfn);
        Assert.Equal((0UL, 42UL, 1UL, 1L), seen);
        Assert.True(map.TryAllocateOrder(2, out pfn));
        Assert.Equal(0UL, map.DriverWord(pfn, world.Owner));
        Assert.Equal(2, map.FrameOf(pfn).Order);
    }

    [Fact]
    public void CatchesADoubleFreeAndNamesTheDriver()
    {
        var map = _world.Map(4);
        map.TryAllocateRun(1, out var pfn, out _);
        map.Put(pfn);
        AssertNamesTheDriver(() => map.Put(pfn));
    }

    [Fact]
    public void CatchesTheUseOfAFreeFrame()
    {
        var map = _world.Map(4);
        map.TryAllocateRun(1, out var pfn, out _);
        map.Put(pfn);
        AssertNamesTheDriver(() => map.Get(pfn));
        AssertNamesTheDriver(() => map.DriverWord(pfn, _world.Owner));
        Assert.False(map.TryGet(pfn));
    }

    [Fact]
    public void CatchesAHookThatThrows()
    {
        var world = new PageMapWorld { Ops = new TestOps((_, _) => throw new InvalidOperationException("hook broke")) };
        var map = world.Map(4);
        map.TryAllocateRun(1, out var pfn, out _);
        var error = AssertNamesTheDriver(() => map.Put(pfn));
        Assert.Contains("hook broke", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CatchesTheUseOfARemovedMap()
    {
        var map = _world.Map(4);
        map.TryAllocateRun(1, out var pfn, out _);
        map.Put(pfn);
        map.Remove();
        AssertNamesTheDriver(() => map.Get(pfn));
        AssertNamesTheDriver(() => map.Put(pfn));
        AssertNamesTheDriver(() => map.FrameOf(pfn));
    }

    [Fact]
    public void CatchesHoldersOfFramesThatAreNotThere()
    {
        var map = _world.Map(4);
        var last = map.FrameSpans[0].Last;
        AssertNamesTheDriver(() => map.Get(last + 1));
        Assert.Throws<CorruptionException>(() => map.Get(last, 2));
        Assert.Throws<CorruptionException>(() => map.Get(last, 0));
    }

    [Fact]
    public void LetsOnlyTheOwnerTouchAFrame()
    {
        var disk = _world.Map(_world.Span(0, 4), "disk");
        var gpu = PageMap.Create(_world.Memory, new PageMapOptions
        {
            Name = "gpu",
            Type = PageMapType.Private,
            Owner = new object(),
            Ops = _world.Ops,
            Spans = [new PageMapSpan(_world.Span(4, 4))],
        });
        gpu.TryAllocateRun(1, out var pfn, out _);
        var error = Expect(Errno.EPERM, () => gpu.DriverWord(pfn, _world.Owner));
        Assert.Contains("'gpu'", error.Message, StringComparison.Ordinal);
        error = Expect(Errno.EPERM, () => disk.DriverWord(pfn, _world.Owner));
        Assert.Contains("'gpu'", error.Message, StringComparison.Ordinal);
        Assert.Contains("'disk'", error.Message, StringComparison.Ordinal);
        Expect(Errno.ENXIO, () => disk.DriverWord(new Pfn(1UL << 39), _world.Owner));
    }

    [Fact]
    public void SharesMetadataBetweenTheFramesOfAUnit()
    {
        const int Order = 3;
        var map = _world.Map(_world.Span(0, 64), frameOrder: Order);
        Assert.True(map.TryAllocateRun(20, out var first, out var frames));
        Assert.Equal(16, frames);
        Assert.Equal(0UL, first.Value % 8);
        map.FrameOf(first).DriverWord = 5;
        Assert.Equal(5UL, map.FrameOf(first + 7).DriverWord);
        Assert.Equal(0UL, map.FrameOf(first + 8).DriverWord);
        Assert.Equal(16UL, map.Statistics.FramesUsed);
        Assert.Equal(2, map.Statistics.References);
        Assert.Throws<ArgumentOutOfRangeException>(() => map.TryAllocateRun(7, out _, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => map.TryAllocateOrder(2, out _));
        Assert.Throws<CorruptionException>(() => map.Put(first, 4));
        Assert.True(map.TryAllocateOrder(4, out var second));
        Assert.Equal(0UL, second.Value % 16);
        map.Put(second, 16);
        map.Put(first, 16);
        Assert.Equal([(second, 16), (first, 16)], _world.Ops.Freed);
        map.Remove();
    }

    [Fact]
    public void FindsFramesInUseInOrderAcrossSpans()
    {
        var (high, low) = (_world.Span(100, 4), _world.Span(0, 4));
        var map = PageMap.Create(_world.Memory, _world.Options([new(high), new(low)]));
        Assert.False(map.TryNextUsed(default, out _));
        for (var i = 0; i < 3; i++)
        {
            map.TryAllocateRun(4, out _, out _);
        }

        Assert.True(map.TryNextUsed(default, out var used));
        Assert.Equal(Pfn.FromAddress(low.Start), used);
        Assert.True(map.TryNextUsed(Pfn.FromAddress(low.End) + 1, out used));
        Assert.Equal(Pfn.FromAddress(high.Start), used);
        Assert.False(map.TryNextUsed(Pfn.FromAddress(high.End) + 1, out _));
    }

    [Fact]
    public void AllocatesNothingOnTheHeap()
    {
        var map = PageMap.Create(_world.Memory, new PageMapOptions
        {
            Name = "plain",
            Type = PageMapType.Generic,
            Owner = _world.Owner,
            Spans = [new PageMapSpan(_world.Span(0, 64, ResourceKind.Generic))],
        });
        Cycle();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            Cycle();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Cycle()
        {
            map.TryAllocateRun(8, out var first, out var frames);
            map.Get(first, frames);
            _world.Memory.PageMaps.Find(first);
            _world.Memory.PageMaps.TryGet(first, out var found);
            found!.Reference.Put();
            map.TryNextUsed(first, out _);
            map.Put(first, frames);
            map.Put(first, frames);
        }
    }

    private static CorruptionException AssertNamesTheDriver(Action action)
    {
        var exception = Assert.Throws<CorruptionException>(action);
        Assert.Contains("'disk'", exception.Message, StringComparison.Ordinal);
        return exception;
    }
}
