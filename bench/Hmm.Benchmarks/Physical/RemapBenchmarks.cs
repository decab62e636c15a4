// SPDX-License-Identifier: GPL-2.0-or-later
using BenchmarkDotNet.Attributes;
using Hmm.Core.Physical;

namespace Hmm.Benchmarks.Physical;

/// <summary>
/// Giving 1 TiB its frames, and taking them away: to be under 3 s, and less with larger frames.
/// </summary>
public class RemapBenchmarks
{
    private readonly PhysicalMemory _memory = new(1 << 30);
    private Resource _span = null!;

    /// <summary>log2 of the frames that share metadata: 4 KiB and 2 MiB.</summary>
    [Params(0, 9)]
    public int FrameOrder { get; set; }

    [GlobalSetup]
    public void SetUp() => _span = _memory.Resources.RequestFree(1UL << 40, 1 << 30, "span", ResourceKind.Generic);

    [Benchmark]
    public void MapAndUnmapOneTebibyte()
    {
        var map = PageMap.Create(_memory, new PageMapOptions
        {
            Name = "map",
            Type = PageMapType.Generic,
            Owner = this,
            Spans = [new PageMapSpan(_span)],
            FrameOrder = FrameOrder,
        });
        map.Remove();
    }
}
