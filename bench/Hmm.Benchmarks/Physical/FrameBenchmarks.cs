// SPDX-License-Identifier: GPL-2.0-or-later
using BenchmarkDotNet.Attributes;
using Hmm.Core.Physical;

namespace Hmm.Benchmarks.Physical;

/// <summary>
/// A frame's life on a device of 64 GiB that is three quarters full and fragmented, with no hook.
/// </summary>
[MemoryDiagnoser]
public class FrameBenchmarks
{
    private const int RunFrames = 64;
    private const ulong DeviceBytes = 1UL << 36;
    private PageMap _map = null!;
    private Pfn _held;

    [GlobalSetup]
    public void SetUp()
    {
        var memory = new PhysicalMemory(1 << 30);
        var span = memory.Resources.RequestFree(DeviceBytes, 1 << 21, "span", ResourceKind.Generic);
        _map = PageMap.Create(memory, new PageMapOptions
        {
            Name = "map",
            Type = PageMapType.Generic,
            Owner = this,
            Spans = [new PageMapSpan(span)],
        });

        // Fill, then give back a quarter in runs of 1 to 128 frames.
        var first = Pfn.FromAddress(span.Start);
        var frames = (long)(DeviceBytes >> Pfn.Shift);
        for (var left = frames; left > 0;)
        {
            _map.TryAllocateRun((int)Math.Min(left, 1 << 20), out _, out var got);
            left -= got;
        }

        var random = new Random(1);
        for (var at = 0L; at < frames - 1_024;)
        {
            var run = random.Next(1, 129);
            _map.Put(first + at, run);
            at += run + (3 * random.Next(1, 129));
        }

        _map.TryAllocateRun(1, out _held, out _);
    }

    [Benchmark]
    public void GetAndPut()
    {
        _map.Get(_held);
        _map.Put(_held);
    }

    [Benchmark]
    public void AllocateAndFreeOne()
    {
        _map.TryAllocateRun(1, out var first, out var frames);
        _map.Put(first, frames);
    }

    /// <summary>A run of up to 64; divide by its length for the cost of a frame.</summary>
    [Benchmark]
    public int AllocateAndFreeRun()
    {
        _map.TryAllocateRun(RunFrames, out var first, out var frames);
        _map.Put(first, frames);
        return frames;
    }

    [Benchmark]
    public void AllocateAndFreeOrder4()
    {
        if (_map.TryAllocateOrder(4, out var first))
        {
            _map.Put(first, 16);
        }
    }
}
