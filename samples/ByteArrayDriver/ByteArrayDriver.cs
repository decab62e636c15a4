// SPDX-License-Identifier: GPL-2.0-or-later
using System;
using System.Collections.Generic;
using Hmm.Core.Devices;
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Uapi;

[assembly: Module("GPL", "The Hmm.NET authors", "Device memory in a byte array", Version = "1.0")]
[assembly: ModuleParameter("max_size", ModuleParameterType.Size, Default = "1GiB", Description = "the largest device")]

namespace ByteArrayDriver;

/// <summary>The module: it offers one driver.</summary>
public sealed class ByteArrayModule : IModule
{
    public void Init(ModuleContext context)
    {
        var driver = new Driver(context.Parameters.SizeBytes("max_size"));
        context.RegisterDriver(driver);
        context.Log($"offers driver '{driver.Name}'");
    }

    public void Exit()
    {
        // Nothing to do: the registration is undone by itself, and the host has disposed the devices before.
    }
}

/// <summary>The driver: creates devices.</summary>
internal sealed class Driver : IDeviceDriver
{
    private readonly ulong _sizeMaxBytes;

    public Driver(ulong sizeMaxBytes)
    {
        _sizeMaxBytes = Math.Min(sizeMaxBytes, (ulong)Array.MaxLength);
    }

    public string Name => "byte-array";

    public IReadOnlyList<ParameterInfo> Parameters { get; } = new[]
    {
        new ParameterInfo("size", ModuleParameterType.Size, null, "how much memory the device has"),
    };

    public IDriverDevice CreateDevice(string name, ParameterValues parameters)
    {
        var sizeBytes = parameters.SizeBytes("size");
        if (sizeBytes == 0 || sizeBytes % Pfn.SizeBytes != 0 || sizeBytes > _sizeMaxBytes)
        {
            throw new HmmException(
                Errno.EINVAL,
                $"Device {name} cannot have {sizeBytes} bytes: "
                    + $"use a multiple of {Pfn.SizeBytes}, at most {_sizeMaxBytes}.");
        }

        return new Device(sizeBytes);
    }
}

/// <summary>A device: one array, and the hooks that copy from it and to it.</summary>
internal sealed unsafe class Device : IDriverDevice
{
    private readonly byte[] _memory;
    private Pfn _first;

    public Device(ulong sizeBytes)
    {
        _memory = new byte[sizeBytes];
    }

    public ulong SizeBytes => (ulong)_memory.Length;

    public void Attach(DeviceMemory memory, Pfn first) => _first = first;

    public void Fault(CopyBatch batch)
    {
        for (int i = 0, count = batch.Count; i < count; i++)
        {
            MemoryOf(batch[i]).CopyTo(BufferOf(batch[i]));
            batch.Complete(i);
        }
    }

    public void Evict(CopyBatch batch)
    {
        for (int i = 0, count = batch.Count; i < count; i++)
        {
            BufferOf(batch[i]).CopyTo(MemoryOf(batch[i]));
            batch.Complete(i);
        }
    }

    public void Free(Pfn first, int frameCount)
    {
        // An array cannot give back parts of itself. A file would punch a hole here.
    }

    public void Dispose()
    {
        // The collector takes the array.
    }

    private Span<byte> MemoryOf(CopySegment segment) =>
        _memory.AsSpan((int)((segment.First - _first) * Pfn.SizeBytes), segment.LengthBytes);

    // Safe: the buffer is ours, and valid for LengthBytes, until we complete the segment.
    private static Span<byte> BufferOf(CopySegment segment) => new((void*)segment.Buffer, segment.LengthBytes);
}
