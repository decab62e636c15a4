// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Xunit;

namespace Hmm.Core.Tests.Physical;

/// <summary>The allocator against an array of booleans.</summary>
public sealed class FrameAllocatorModelTests
{
    [Fact]
    public void AgreesWithADumbModelOver100000Operations() => Seeded.Run(57, 40, random =>
    {
        var frames = random.Next(1, random.Next(2) == 0 ? 200 : 6_000);
        var phase = random.Next(512);
        using var allocator = new FrameAllocator(frames, phase);
        var model = new bool[frames];
        for (var i = 0; i < 2_500; i++)
        {
            Step(random, allocator, model, phase);
            Assert.Equal(model.Count(used => used), allocator.Counts.Used);
        }
    });

    private static void Step(Random random, FrameAllocator allocator, bool[] model, int phase)
    {
        switch (random.Next(5))
        {
            case 0:
                AllocateRun(random, allocator, model);
                break;
            case 1:
                AllocateOrder(random, allocator, model, phase);
                break;
            case 2:
                var from = random.Next(model.Length);
                var expected = Array.IndexOf(model, true, from);
                Assert.Equal(expected >= 0, allocator.TryNextUsed(from, out var used));
                Assert.True(expected < 0 || expected == used);
                break;
            default:
                Free(random, allocator, model);
                break;
        }
    }

    private static void AllocateRun(Random random, FrameAllocator allocator, bool[] model)
    {
        var max = 1 << random.Next(11);
        var worked = allocator.TryAllocateRun(max, out var first, out var count);
        Assert.Equal(model.Contains(false), worked);
        if (worked)
        {
            Assert.InRange(count, 1, max);
            Take(model, (int)first, count);

            // A run ends because it is long enough, or because something is in its way.
            Assert.True(count == max || first + count == model.Length || model[first + count]);
        }
    }

    private static void AllocateOrder(Random random, FrameAllocator allocator, bool[] model, int phase)
    {
        var order = random.Next(FrameAllocator.OrderMax + 1);
        var size = 1 << order;
        var start = (size - (phase % size)) % size;
        var exists = false;
        for (; start + size <= model.Length && !exists; start += size)
        {
            exists = !model.AsSpan(start, size).Contains(true);
        }

        Assert.Equal(exists, allocator.TryAllocateOrder(order, out var first));
        if (exists)
        {
            Assert.Equal(0, (first + phase) % size);
            Take(model, (int)first, size);
        }
    }

    private static void Free(Random random, FrameAllocator allocator, bool[] model)
    {
        var first = random.Next(model.Length);
        var count = random.Next(1, Math.Min(300, model.Length - first) + 1);
        if (random.Next(8) != 0)
        {
            // Mostly something that may be freed: the run of used frames from here on.
            first = Math.Max(0, Array.IndexOf(model, true, first));
            var end = Array.IndexOf(model, false, first);
            count = Math.Clamp((end < 0 ? model.Length : end) - first, 1, count);
        }

        var expected = !model.AsSpan(first, count).Contains(false);
        Assert.Equal(expected, allocator.TryFree(first, count));
        if (expected)
        {
            model.AsSpan(first, count).Clear();
        }
    }

    private static void Take(bool[] model, int first, int count)
    {
        Assert.DoesNotContain(true, model.AsSpan(first, count).ToArray());
        model.AsSpan(first, count).Fill(true);
    }
}
