// SPDX-License-Identifier: GPL-2.0-or-later
using BenchmarkDotNet.Attributes;
using Hmm.Core.Physical;

namespace Hmm.Benchmarks.Physical;

/// <summary>
/// Frame number to page map, at random, against indexing an array of the same maps at random.
/// Neither touches the map.
/// </summary>
public class PageMapIndexBenchmarks
{
    private const int Lookups = 1 << 16;
    private const int FrameOrder = 9;
    private const ulong FramesPerMap = 1UL << FrameOrder;

    private readonly int[] _indexes = new int[Lookups];
    private readonly Pfn[] _pfns = new Pfn[Lookups];
    private PhysicalMemory _memory = null!;
    private PageMap[] _maps = null!;

    /// <summary>How many page maps there are, of 2 MiB each.</summary>
    [Params(1, 100_000)]
    public int Maps { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _memory = new PhysicalMemory(1 << 30);
        _maps = new PageMap[Maps];
        for (var i = 0; i < Maps; i++)
        {
            const ulong Size = FramesPerMap * Pfn.SizeBytes;
            var start = (1UL << 40) + ((ulong)i * Size);
            var span = _memory.Resources.Request(null, start, Size, "span", ResourceKind.Generic);
            _maps[i] = PageMap.Create(_memory, new PageMapOptions
            {
                Name = "map",
                Type = PageMapType.Generic,
                Owner = this,
                Spans = [new PageMapSpan(span)],
                FrameOrder = FrameOrder,
            });
        }

        var random = new Random(1);
        for (var i = 0; i < Lookups; i++)
        {
            _indexes[i] = random.Next(Maps);
            _pfns[i] = Pfn.FromAddress(_maps[_indexes[i]].Spans[0].Start) + random.Next((int)FramesPerMap);
        }
    }

    [GlobalCleanup]
    public void CleanUp() => Array.ForEach(_maps, map => map.Remove());

    [Benchmark(Baseline = true, OperationsPerInvoke = Lookups)]
    public int ArrayIndex()
    {
        var live = 0;
        foreach (var index in _indexes)
        {
            live += _maps[index] is null ? 0 : 1;
        }

        return live;
    }

    [Benchmark(OperationsPerInvoke = Lookups)]
    public int Find()
    {
        var live = 0;
        foreach (var pfn in _pfns)
        {
            live += _memory.PageMaps.Find(pfn) is null ? 0 : 1;
        }

        return live;
    }

    [Benchmark(OperationsPerInvoke = Lookups)]
    public int TryGetAndPut()
    {
        var live = 0;
        foreach (var pfn in _pfns)
        {
            if (_memory.PageMaps.TryGet(pfn, out var map))
            {
                map.Reference.Put();
                live++;
            }
        }

        return live;
    }
}
