// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Xunit;

namespace Hmm.Core.Tests.Physical;

public sealed class FrameAllocatorTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(64, 0)]
    [InlineData(65, 511)]
    [InlineData(4097, 3)]
    public void HandsOutEveryFrameOnce(int frames, int phase)
    {
        using var allocator = new FrameAllocator(frames, phase);
        var seen = new HashSet<long>();
        while (allocator.TryAllocateRun(1, out var first, out var count))
        {
            Assert.Equal(1, count);
            Assert.InRange(first, 0, frames - 1);
            Assert.True(seen.Add(first));
        }

        Assert.Equal(frames, seen.Count);
        Assert.Equal((frames, frames, 0L), allocator.Counts);
        Assert.True(allocator.TryFree(0, frames));
        Assert.Equal((0L, frames, frames), allocator.Counts);
        Assert.False(allocator.TryNextUsed(0, out _));
    }

    [Fact]
    public void HandsOutRunsOneAfterTheOther()
    {
        using var allocator = new FrameAllocator(1_000, 0);
        for (var i = 0; i < 9; i++)
        {
            Assert.True(allocator.TryAllocateRun(100, out var first, out var count));
            Assert.Equal((i * 100, 100), (first, count));
        }
    }

    [Fact]
    public void LeavesSmallHolesToSinglesWhenARoomierPlaceIsNear()
    {
        using var allocator = new FrameAllocator(1_024, 0);
        allocator.TryAllocateRun(1_024, out _, out _);
        allocator.TryFree(10, 3);
        allocator.TryFree(512, 256);
        Assert.True(allocator.TryAllocateRun(100, out var first, out var count));
        Assert.Equal((512, 100), (first, count));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(500)]
    public void AlignsOrdersToFrameNumbers(int phase)
    {
        using var allocator = new FrameAllocator(4_096, phase);
        for (var order = 0; order <= FrameAllocator.OrderMax; order++)
        {
            Assert.True(allocator.TryAllocateOrder(order, out var first));
            Assert.Equal(0, (first + phase) % (1L << order));
        }
    }

    [Fact]
    public void RefusesToFreeWhatIsNotHandedOut()
    {
        using var allocator = new FrameAllocator(100, 7);
        Assert.True(allocator.TryAllocateRun(10, out var first, out _));
        Assert.False(allocator.TryFree(first, 11));
        Assert.False(allocator.TryFree(-1, 1));
        Assert.False(allocator.TryFree(99, 2));
        Assert.True(allocator.TryFree(first, 10));
        Assert.False(allocator.TryFree(first, 10));
    }

    [Fact]
    public void HandsOutNothingWhileSuspended()
    {
        using var allocator = new FrameAllocator(100, 0);
        allocator.SetSuspended(true);
        Assert.False(allocator.TryAllocateRun(1, out _, out _));
        Assert.False(allocator.TryAllocateOrder(0, out _));
        allocator.SetSuspended(false);
        Assert.True(allocator.TryAllocateRun(1, out _, out _));
    }

    [Fact]
    public void FindsTheLastFreeFrameOf2To28()
    {
        const long Frames = 1L << 28;
        using var allocator = new FrameAllocator(Frames, 0);
        for (var left = Frames; left > 0; left -= 1 << 24)
        {
            Assert.True(allocator.TryAllocateRun(1 << 24, out _, out var count));
            Assert.Equal(1 << 24, count);
        }

        Assert.False(allocator.TryAllocateRun(1, out _, out _));
        Assert.True(allocator.TryFree(Frames - 1, 1));
        Assert.True(allocator.TryAllocateRun(64, out var first, out var last));
        Assert.Equal((Frames - 1, 1), (first, last));
        Assert.True(allocator.TryFree(Frames / 2, 512));
        Assert.True(allocator.TryAllocateOrder(9, out first));
        Assert.Equal(Frames / 2, first);
    }
}
