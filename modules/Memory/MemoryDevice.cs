// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Core.Devices;
using Hmm.Core.Modules;
using Hmm.Core.Physical;

namespace Hmm.Modules.Memory;

/// <summary>
/// Device memory in the host's own DRAM. It is coherent, so the core installs pages straight from it and this driver
/// only has to take them; it frees no DRAM and is there to measure the fault path and to test with.
/// </summary>
/// <remarks>Threads: hooks from any. DRAM is taken when frames are first written, and kept.</remarks>
internal sealed unsafe class MemoryDevice : IDriverDevice
{
    private readonly void* _memory; // immutable
    private Pfn _first; // Guarded by: set once by Attach, before any hook

    public MemoryDevice(ulong sizeBytes)
    {
        // Safe because every frame that the core names lies in SizeBytes from the first.
        SizeBytes = sizeBytes;
        _memory = NativeMemory.AlignedAlloc((nuint)sizeBytes, Pfn.SizeBytes);
    }

    /// <inheritdoc/>
    public ulong SizeBytes { get; }

    /// <inheritdoc/>
    public nint CpuAddress => (nint)_memory;

    /// <inheritdoc/>
    public void Attach(DeviceMemory memory, Pfn first) => _first = first;

    /// <inheritdoc/>
    public void Fault(CopyBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        for (var i = 0; i < batch.Count; i++)
        {
            NativeMemory.Copy((void*)AddressOf(batch[i]), (void*)batch[i].Buffer, (nuint)batch[i].LengthBytes);
        }

        batch.CompleteAll();
    }

    /// <inheritdoc/>
    public void Evict(CopyBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        for (var i = 0; i < batch.Count; i++)
        {
            NativeMemory.Copy((void*)batch[i].Buffer, (void*)AddressOf(batch[i]), (nuint)batch[i].LengthBytes);
        }

        batch.CompleteAll();
    }

    /// <inheritdoc/>
    public void Free(Pfn first, int frameCount)
    {
        // The DRAM is kept for the next page.
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.AlignedFree(_memory);

    private nint AddressOf(in CopySegment segment) => (nint)_memory + (nint)((segment.First - _first) << Pfn.Shift);
}
