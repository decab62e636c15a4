// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hmm.Uapi;

namespace Hmm.Core.Physical;

/// <summary>
/// The metadata of one span of a page map: its frames, in one contiguous piece, and the allocator
/// over them. A unit is 2^order frames of 4 KiB that share one <see cref="Frame"/>.
/// </summary>
/// <remarks>
/// The page map owns it. Whoever reads a frame holds a reference that keeps <see cref="Dispose"/>
/// away.
/// Invariant: the units cover exactly the resource.
/// </remarks>
internal sealed unsafe class FrameSpan : IDisposable
{
    private readonly ZeroedMemory? _memory; // immutable; null: the driver's altmap
    private Frame* _frames; // Guarded by: the map's lifetime reference; null once closed

    /// <exception cref="HmmException">
    /// ENOMEM: no memory for the metadata, or the altmap is too small.
    /// </exception>
    public FrameSpan(PageMapSpan span, int order, AltMap? altMap, string name)
    {
        Resource = span.Resource;
        CpuAddress = span.CpuAddress;
        Order = order;
        First = Pfn.FromAddress(Resource.Start);
        FrameCount = Resource.SizeBytes >> Pfn.Shift;
        var units = FrameCount >> order;
        if (altMap is { } supplied)
        {
            var need = units * Frame.SizeBytes;
            if (supplied.LengthBytes < need)
            {
                throw new HmmException(
                    Errno.ENOMEM,
                    $"the altmap of '{name}' has {supplied.LengthBytes} bytes, and {units} frames need {need}; " +
                    "supply more");
            }

            NativeMemory.Clear((void*)supplied.Address, (nuint)need);
            _frames = (Frame*)supplied.Address;
        }
        else
        {
            _memory = new ZeroedMemory(units, Frame.SizeBytes);
            _frames = (Frame*)_memory.Address;
        }

        try
        {
            var phase = (int)((First.Value >> order) & ((1UL << FrameAllocator.OrderMax) - 1));
            Allocator = new FrameAllocator((long)units, phase);
        }
        catch (HmmException)
        {
            _memory?.Dispose();
            throw;
        }
    }

    public Resource Resource { get; }

    public nint CpuAddress { get; }

    /// <summary>log2 of the frames of a unit.</summary>
    public int Order { get; }

    public Pfn First { get; }

    /// <summary>The frames of 4 KiB.</summary>
    public ulong FrameCount { get; }

    public FrameAllocator Allocator { get; }

    /// <summary>The last frame.</summary>
    public Pfn Last => new(First.Value + FrameCount - 1);

    public bool IsClosed => _frames is null;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Contains(Pfn pfn) => pfn.Value - First.Value < FrameCount;

    /// <summary>
    /// The frame of a unit. The caller checked the index and that the span is open.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref Frame Unit(long index) => ref _frames[index];

    /// <summary>Frees the metadata. No reference to any frame exists any more.</summary>
    public void Dispose()
    {
        _frames = null;
        _memory?.Dispose();
        Allocator.Dispose();
    }
}
