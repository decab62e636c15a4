// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Core.Physical;

namespace Hmm.Conformance;

/// <summary>
/// A buffer as the core hands one to a driver, aligned to a frame, with a frame on either side that nobody may touch.
/// </summary>
/// <remarks>
/// It is freed only where every copy is known to be complete: a driver that still writes must not reach freed memory.
/// </remarks>
internal sealed unsafe class PageBuffer : IDisposable
{
    private const byte GuardByte = 0xA5;

    // Not zeros, and not what an earlier buffer left: a driver that writes nothing must not be right by chance.
    private const byte UnwrittenByte = 0x5A;

    private readonly int _lengthBytes; // immutable
    private byte* _memory; // Guarded by: owner thread

    public PageBuffer(int frames)
    {
        _lengthBytes = frames << Pfn.Shift;

        // Safe because every span below lies within what is allocated here.
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)(_lengthBytes + (2 * Pfn.SizeBytes)), Pfn.SizeBytes);
        Before.Fill(GuardByte);
        After.Fill(GuardByte);
        Bytes.Fill(UnwrittenByte);
    }

    /// <summary>Where it is.</summary>
    public nint Address => (nint)(_memory + Pfn.SizeBytes);

    /// <summary>Its bytes.</summary>
    public Span<byte> Bytes => new((void*)Address, _lengthBytes);

    private Span<byte> Before => new(_memory, Pfn.SizeBytes);

    private Span<byte> After => new(_memory + Pfn.SizeBytes + _lengthBytes, Pfn.SizeBytes);

    /// <summary>One frame of it.</summary>
    public Span<byte> Page(int frame) => Bytes.Slice(frame << Pfn.Shift, Pfn.SizeBytes);

    /// <summary>Fails if something was written outside.</summary>
    public void CheckGuards()
    {
        if (Before.ContainsAnyExcept(GuardByte) || After.ContainsAnyExcept(GuardByte))
        {
            throw new ConformanceException(
                "the driver wrote outside a segment's buffer; a segment has FrameCount * 4096 bytes");
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
