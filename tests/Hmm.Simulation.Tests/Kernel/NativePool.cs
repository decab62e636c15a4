// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace Hmm.Simulation.Tests.Kernel;

/// <summary>
/// The native memory of one run after another: handed out front to back, taken back all at once. Simulated pages,
/// device media and page tables live in it.
/// </summary>
/// <remarks>Threads: one at a time. What is rented is not cleared.</remarks>
internal sealed unsafe class NativePool : IDisposable
{
    // The largest world: 4 ranges of 32 pages of 64 KiB, their files and two devices as large, doubled.
    private const nuint SizeBytes = 64 << 20;

    private readonly byte* _memory; // immutable
    private nuint _used;

    public NativePool()
    {
        // Safe because every rented span lies within the allocation, which lives as long as the pool.
        _memory = (byte*)NativeMemory.AlignedAlloc(SizeBytes, 4096);
    }

    /// <summary>Takes everything back.</summary>
    public void Reset() => _used = 0;

    /// <summary>Hands out memory, aligned to 4096.</summary>
    public nint Rent(long lengthBytes)
    {
        var size = ((nuint)lengthBytes + 4095) & ~(nuint)4095;
        Assert.True(_used + size <= SizeBytes, "the pool is large enough for every world");
        var address = (nint)(_memory + _used);
        _used += size;
        return address;
    }

    /// <summary>Hands out memory of zeros.</summary>
    public nint RentZeroed(long lengthBytes)
    {
        var address = Rent(lengthBytes);
        new Span<byte>((void*)address, checked((int)lengthBytes)).Clear();
        return address;
    }

    public void Dispose() => NativeMemory.AlignedFree(_memory);
}
