// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Modules.Block;
using Hmm.Uapi;

namespace Hmm.Block.Tests;

/// <summary>A block device with its device memory, and buffers to copy from and to.</summary>
internal sealed unsafe class BlockWorld : IDisposable
{
    public const int BufferPages = 512;

    private readonly Device _owner;
    private readonly void* _buffer;
    private readonly TestBatch _batch = new();

    public BlockWorld(IBlockFile file, ulong sizeBytes, bool encrypt = false)
    {
        Device = new BlockDevice("test", file, sizeBytes, encrypt, Said.Enqueue);
        _owner = new Device("test", new PhysicalMemory(1 << 20));
        _owner.Managed.Add(Device.Dispose, "device");
        Memory = DeviceMemory.Add(Device, _owner, Device.SizeBytes);
        First = Pfn.FromAddress(Memory.PageMap.Spans[0].Start);
        Device.Attach(Memory, First);
        _buffer = NativeMemory.AlignedAlloc(BufferPages << 12, 4096);
    }

    public TestBatch Batch => _batch;

    public BlockDevice Device { get; }

    public DeviceMemory Memory { get; }

    public Pfn First { get; }

    public global::System.Collections.Concurrent.ConcurrentQueue<string> Said { get; } = new();

    public Span<byte> Page(int index) => new((byte*)_buffer + (index << 12), 4096);

    public nint BufferOf(int index) => (nint)_buffer + (index << 12);

    /// <summary>Makes a page that no other frame or version has.</summary>
    public void Make(int index, Pfn frame, int version)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(Page(index));
        var seed = ((ulong)frame.Value << 20) ^ (ulong)version;
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = (seed + (ulong)i) * 0x9E3779B97F4A7C15UL;
        }
    }

    public bool IsAsMade(int index, Pfn frame, int version)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(Page(index));
        var seed = ((ulong)frame.Value << 20) ^ (ulong)version;
        for (var i = 0; i < words.Length; i++)
        {
            if (words[i] != (seed + (ulong)i) * 0x9E3779B97F4A7C15UL)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Takes frames in a row; fewer where there are not as many.</summary>
    public (Pfn First, int Count) Allocate(int framesMax)
    {
        Assert.True(Memory.TryAllocateRun(framesMax, out var first, out var count), "the device has no frame left");
        return (first, count);
    }

    public Errno Evict(Pfn first, int count, int version)
    {
        for (var i = 0; i < count; i++)
        {
            Make(i, first + i, version);
        }

        Device.Evict(_batch.Reset().Add(first, count, BufferOf(0)).Give());
        _batch.Wait();
        return _batch.ErrorAt(0);
    }

    public Errno Fill(Pfn first, int count)
    {
        new Span<byte>(_buffer, count << 12).Clear();
        Device.Fault(_batch.Reset().Add(first, count, BufferOf(0)).Give());
        _batch.Wait();
        return _batch.ErrorAt(0);
    }

    public void AssertHolds(Pfn frame, int version, string where)
    {
        Assert.True(Fill(frame, 1) == Errno.None, $"{where}: {frame} cannot be read");
        Assert.True(IsAsMade(0, frame, version), $"{where}: {frame} has wrong bytes");
    }

    public void Put(Pfn first, int count) => Memory.PageMap.Put(first, count);

    public void WaitUntilSaid(string part) => Assert.True(
        SpinWait.SpinUntil(() => Said.Any(line => line.Contains(part, StringComparison.Ordinal)), 30_000),
        $"nobody said \"{part}\": {string.Join(" | ", Said)}");

    public void Dispose()
    {
        // A test that fails half-way has frames left, and removal waits for those.
        while (Memory.TryNextUsed(First, out var used))
        {
            Put(used, 1);
        }

        _owner.Remove();
        NativeMemory.AlignedFree(_buffer);
    }
}
