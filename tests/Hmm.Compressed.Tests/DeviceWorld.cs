// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Linux;
using Hmm.Modules.Compressed;

namespace Hmm.Compressed.Tests;

/// <summary>A compressed device on device memory of its own, with one page of buffer.</summary>
internal sealed unsafe class DeviceWorld : IDisposable
{
    private readonly Device _device = new("compressed0", new PhysicalMemory(1 << 20));
    private readonly nint _buffer = (nint)NativeMemory.AlignedAlloc(Pfn.SizeBytes, Pfn.SizeBytes);

    public DeviceWorld(Codec? codec, ulong sizeBytes = 64 << 20, ulong memoryBytes = 8 << 20, int workers = 0)
    {
        Hooks = new CompressedDevice(sizeBytes, memoryBytes, codec, workers);
        Memory = DeviceMemory.Add(Hooks, _device, sizeBytes);
        Hooks.Attach(Memory, Pfn.FromAddress(Memory.PageMap.Spans[0].Start));
    }

    public CompressedDevice Hooks { get; }

    public DeviceMemory Memory { get; }

    /// <summary>Hands over one page; false if the device turned it down, and then the frame is free again.</summary>
    public bool TryEvict(ReadOnlySpan<byte> page, out Pfn frame)
    {
        Assert.True(Memory.TryAllocateRun(1, out frame, out _), "the device has frames");
        page.CopyTo(new Span<byte>((void*)_buffer, Pfn.SizeBytes));
        var batch = new TestBatch().Add(frame, 1, _buffer).Give();
        Hooks.Evict(batch);
        SpinWait.SpinUntil(() => batch.Completions == 1);
        Assert.Equal(Errno.None, batch.ErrorAt(0));
        if (batch.IsRefusedAt(0, 0))
        {
            Memory.PageMap.Put(frame, 1);
            return false;
        }

        return true;
    }

    /// <summary>Reads a frame back.</summary>
    public Errno Fault(Pfn frame, Span<byte> page)
    {
        new Span<byte>((void*)_buffer, Pfn.SizeBytes).Fill(0xEE);
        var batch = new TestBatch().Add(frame, 1, _buffer).Give();
        Hooks.Fault(batch);
        Assert.Equal(1, batch.Completions);
        new Span<byte>((void*)_buffer, Pfn.SizeBytes).CopyTo(page);
        return batch.ErrorAt(0);
    }

    public void Dispose()
    {
        // A test that fails half-way has frames left, and removal waits for those.
        while (Memory.TryNextUsed(Pfn.FromAddress(Memory.PageMap.Spans[0].Start), out var used))
        {
            Memory.PageMap.Put(used, 1);
        }

        _device.Remove();
        Hooks.Dispose();
        NativeMemory.AlignedFree((void*)_buffer);
    }
}
