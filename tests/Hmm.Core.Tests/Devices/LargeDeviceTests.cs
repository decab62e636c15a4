// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Core.Tests.Physical;
using Xunit;

namespace Hmm.Core.Tests.Devices;

/// <summary>
/// What a large device costs, measured as memory of the process: alone, so that nobody else's
/// shows.
/// </summary>
[Collection(nameof(Alone))]
public sealed class LargeDeviceTests
{
    [CollectionDefinition(nameof(Alone), DisableParallelization = true)]
    public sealed class Alone;

    [Fact]
    public void OneTebibyteCostsAddressSpaceOnly()
    {
        const long LimitBytes = 32 << 20;
        var device = new Device("disk", new PhysicalMemory(1 << 30));
        var before = ResidentBytes();
        var memory = DeviceMemory.Add(new TestOps(), device, 1UL << 40);
        Assert.Equal(1UL << 28, memory.Statistics.FramesTotal);

        // The far end is as good as the near one.
        Assert.True(memory.TryAllocateOrder(9, out var first));
        memory.PageMap.Put(first, 512);
        var last = Pfn.FromAddress(memory.PageMap.Spans[0].End);
        Assert.Equal(0, memory.PageMap.FrameOf(last).References);
        var grownBytes = ResidentBytes() - before;
        Assert.True(grownBytes < LimitBytes, $"mapping 1 TiB took {grownBytes} bytes of memory");
        device.Remove();
    }

    private static long ResidentBytes()
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
