// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Core.Policies;
using Hmm.Simulation.Tests.Devices;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Policies;

public sealed class PlacementTests : IDisposable
{
    private readonly NativePool _pool = new();
    private readonly SeededScheduler _scheduler = new();
    private readonly Placement _placement = new();
    private readonly SimulatedDevice _fast;
    private readonly SimulatedDevice _slow;

    public PlacementTests()
    {
        var physical = new PhysicalMemory(1 << 20);
        _fast = new SimulatedDevice(_scheduler, _pool, physical, "fast", 8, coherent: false);
        _slow = new SimulatedDevice(_scheduler, _pool, physical, "slow", 1024, coherent: false);
        _placement.Add(_fast.Memory);
        _placement.Add(_slow.Memory);
    }

    public void Dispose()
    {
        _scheduler.Dispose();
        _pool.Dispose();
    }

    [Fact]
    public void TheFirstDeviceWithRoomTakesPages()
    {
        Assert.Equal((_fast, 6), Take(6));
        Assert.Equal((_fast, 2), Take(6));
        Assert.Equal((_slow, 6), Take(6));
        _placement.Remove(_slow.Memory);
        Assert.False(TryAllocate(1, 0, out _, out _, out _));
    }

    [Fact]
    public void ADeviceWhoseMediumIsFullGetsNoMoreThanItHeld()
    {
        Assert.Equal((_fast, 4), Take(4));
        _placement.NoteError(_fast.Memory, Errno.ENOSPC);
        Assert.Equal((_slow, 1), Take(1));
    }

    [Fact]
    public void FreedFramesOfAFullDeviceAreUsedAgain()
    {
        Assert.True(TryAllocate(4, 0, out _, out var first, out _));
        _placement.NoteError(_fast.Memory, Errno.ENOSPC);
        _fast.Memory.PageMap.Put(first, 2);
        Assert.Equal((_fast, 2), Take(4));
        Assert.Equal((_slow, 4), Take(4));
    }

    [Fact]
    public void AFullDeviceIsTriedAgainNowAndThen()
    {
        _placement.NoteError(_fast.Memory, Errno.ENOSPC);
        var tries = 1;
        while (Take(1) == (_slow, 1))
        {
            tries++;
        }

        Assert.Equal(256, tries);
    }

    [Fact]
    public void AFullDeviceIsTriedAgainWhenTheClockStrikes()
    {
        _placement.NoteError(_fast.Memory, Errno.ENOSPC);
        Assert.Equal((_slow, 1), Take(1));
        _placement.TryFullDevices();
        Assert.Equal((_fast, 1), Take(1));
        _placement.NoteError(_fast.Memory, Errno.ENOSPC);
        Assert.Equal((_slow, 1), Take(1));
    }

    [Fact]
    public void OtherErrorsChangeNothing()
    {
        _placement.NoteError(_fast.Memory, Errno.EIO);
        Assert.Equal((_fast, 1), Take(1));
    }

    [Fact]
    public void ALargePageTakesAnAlignedRun()
    {
        Assert.Equal((_fast, 1), Take(1));
        Assert.True(TryAllocate(16, 4, out var device, out var first, out var frames));
        Assert.Equal((_slow.Memory, 16, 0UL), (device, frames, first.Value % 16));
        Assert.True(TryAllocate(512, 9, out device, out first, out frames));
        Assert.Equal((_slow.Memory, 512, 0UL), (device, frames, first.Value % 512));
    }

    private bool TryAllocate(int framesMax, int pageOrder, out DeviceMemory device, out Pfn first, out int frames)
    {
        var rank = 0;
        return _placement.TryAllocate(ref rank, framesMax, pageOrder, out device, out first, out frames);
    }

    private (SimulatedDevice Device, int Frames) Take(int frames)
    {
        Assert.True(TryAllocate(frames, 0, out var device, out _, out var got));
        return (device == _fast.Memory ? _fast : _slow, got);
    }
}
