// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Core.Tests.Physical;
using Hmm.Uapi;
using Xunit;
using static Hmm.Core.Tests.Physical.PageMapWorld;

namespace Hmm.Core.Tests.Devices;

public sealed class DeviceMemoryTests
{
    private const ulong Size = 64 * Pfn.SizeBytes;
    private readonly PhysicalMemory _memory = new(1 << 30);
    private readonly TestOps _ops = new();
    private readonly Device _device;

    public DeviceMemoryTests()
    {
        _device = new Device("disk", _memory);
    }

    [Fact]
    public void AddsPrivateMemoryTopDown()
    {
        var first = DeviceMemory.Add(_ops, _device, Size);
        var second = DeviceMemory.Add(_ops, _device, 1);
        Assert.Equal((PageMapType.Private, 64UL), (first.PageMap.Type, first.Statistics.FramesTotal));
        Assert.Equal(1UL, second.Statistics.FramesTotal);
        var (high, low) = (first.PageMap.Spans[0], second.PageMap.Spans[0]);
        Assert.True(low.End < high.Start);
        Assert.Equal(("disk", ResourceKind.DevicePrivate, 0UL), (high.Name, high.Kind, high.Start % (2 << 20)));
        Assert.Equal(0, first.PageMap.CpuAddress(Pfn.FromAddress(high.Start)));
    }

    [Fact]
    public void AddsCoherentMemoryOnASpanThatTheCallerKeeps()
    {
        var resource = _memory.Resources.Request(null, 1UL << 40, Size, "window", ResourceKind.DeviceCoherent);
        var memory = DeviceMemory.AddResource(_ops, _device, resource, 0x10000);
        Assert.True(memory.TryAllocateRun(1, out var pfn, out _));
        Assert.Equal(0x10000, memory.PageMap.CpuAddress(pfn));
        memory.PageMap.Put(pfn);
        Expect(Errno.EBUSY, () => _memory.Resources.Release(resource));
        memory.Remove();
        _memory.Resources.Release(resource);
    }

    [Fact]
    public void RefusesAResourceOfAnotherKindAndLeavesItAlone()
    {
        var resource = _memory.Resources.Request(null, 1UL << 40, Size, "window", ResourceKind.DevicePrivate);
        Expect(Errno.EINVAL, () => DeviceMemory.AddResource(_ops, _device, resource, 0x10000));
        _memory.Resources.Release(resource);
        Assert.Equal(0, _device.Managed.Count);
    }

    [Fact]
    public void RefusesWhatHasNoRoomAndLeavesNothing()
    {
        Expect(Errno.EINVAL, () => DeviceMemory.Add(_ops, _device, 0));
        Expect(Errno.ERANGE, () => DeviceMemory.Add(_ops, _device, ResourceTree.SizeBytes));
        Expect(Errno.ERANGE, () => DeviceMemory.Add(_ops, _device, ulong.MaxValue));
        Assert.Equal(0, _device.Managed.Count);
        Assert.Single(_memory.Resources.Walk());
    }

    [Fact]
    public void RefusesADeviceThatIsBeingRemoved()
    {
        _device.Remove();
        Expect(Errno.ENODEV, () => DeviceMemory.Add(_ops, _device, Size));
        Assert.Single(_memory.Resources.Walk());
    }

    [Fact]
    public void GoesWithItsDeviceAndReleasesItsSpanLast()
    {
        DeviceMemory.Add(_ops, _device, Size);
        var second = DeviceMemory.Add(_ops, _device, Size);
        Assert.Equal(3, _memory.Resources.Walk().Count);
        second.Remove();
        Assert.Equal((2, 1, 1), (_memory.Resources.Walk().Count, _memory.PageMaps.Count, _device.Managed.Count));
        second.Remove();
        _device.Remove();
        Assert.Equal((1, 0, 0), (_memory.Resources.Walk().Count, _memory.PageMaps.Count, _device.Managed.Count));
    }

    [Fact]
    public void IsEvacuatedInTwoSteps()
    {
        var memory = DeviceMemory.Add(_ops, _device, Size);
        Assert.True(memory.TryAllocateRun(10, out var first, out var frames));
        memory.SuspendAllocation();
        Assert.False(memory.TryAllocateRun(1, out _, out _));
        Assert.False(memory.TryAllocateOrder(0, out _));
        memory.ResumeAllocation();
        Assert.True(memory.TryAllocateOrder(3, out var second));
        memory.SuspendAllocation();
        var evacuated = 0;
        for (var from = default(Pfn); memory.TryNextUsed(from, out var used); from = used + 1)
        {
            Assert.True(memory.PageMap.TryGet(used));
            memory.PageMap.Put(used, 1);
            memory.PageMap.Put(used, 1);
            evacuated++;
        }

        Assert.Equal(frames + 8, evacuated);
        Assert.Equal(evacuated, _ops.Freed.Sum(run => run.Count));
        Assert.True(second > first);
        memory.Remove();
        Assert.False(memory.TryAllocateRun(1, out _, out _));
        Assert.False(memory.TryNextUsed(default, out _));
        Assert.Equal(18UL, memory.Statistics.Frees);
    }

    [Fact]
    public void KeepsDriversOutOfEachOthersFrames()
    {
        var gpu = new Device("gpu", _memory);
        var ours = DeviceMemory.Add(_ops, _device, Size);
        var theirs = DeviceMemory.Add(_ops, gpu, Size);
        theirs.TryAllocateRun(1, out var pfn, out _);
        theirs.DriverWord(pfn) = 3;
        var error = Expect(Errno.EPERM, () => ours.DriverWord(pfn));
        Assert.Contains("'gpu'", error.Message, StringComparison.Ordinal);
        Assert.Contains("'disk'", error.Message, StringComparison.Ordinal);
        Expect(Errno.ENXIO, () => ours.DriverWord(default));
        Assert.Equal(3UL, theirs.DriverWord(pfn));
    }

    [Fact]
    public void ReturnsEverythingFromManyDevicesAddedAndRemovedAtRandom()
    {
        Parallel.For(0, 4, worker =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 300; i++)
            {
                var device = new Device($"device {worker}", _memory);
                var memories = Enumerable.Range(0, random.Next(1, 4))
                    .Select(_ => DeviceMemory.Add(new TestOps(), device, Size))
                    .ToList();
                foreach (var memory in memories)
                {
                    memory.TryAllocateRun(8, out var first, out var frames);
                    memory.PageMap.Put(first, frames);
                }

                if (random.Next(2) == 0)
                {
                    memories[0].Remove();
                }

                device.Remove();
            }
        });
        Assert.Single(_memory.Resources.Walk());
        Assert.True(_memory.PageMaps.IsEmpty);
    }
}
