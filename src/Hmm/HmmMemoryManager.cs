// SPDX-License-Identifier: MIT
using System.Buffers;

namespace Hmm;

/// <summary>
/// A piece of an array as <see cref="Memory{T}"/>. Pinning it pins its pages at the host as well,
/// so that system calls and devices may write to it by address.
/// </summary>
/// <remarks>
/// Threads: any. Invariant: the pages are pinned at the host while <c>_pins</c> is above 0.
/// </remarks>
internal sealed unsafe class HmmMemoryManager<T>(HmmArray<T> array, long start, int length) : MemoryManager<T>
    where T : unmanaged
{
    private readonly Lock _gate = new();
    private int _pins; // Guarded by: _gate
    private IDisposable? _pin; // Guarded by: _gate
    private T* _address; // Guarded by: _gate

    public override Memory<T> Memory => CreateMemory(length);

    public override Span<T> GetSpan() => array.Span(start, length);

    /// <summary>
    /// Pins all of the piece, whatever the element: one count serves every pin of it.
    /// </summary>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, length);
        lock (_gate)
        {
            if (_pins == 0)
            {
                _pin = array.Pin(start, length);
                _address = array.Pointer + start;
            }

            _pins++;

            // Safe because the pin holds the mapping until Unpin.
            return new MemoryHandle(_address + elementIndex, pinnable: this);
        }
    }

    public override void Unpin()
    {
        lock (_gate)
        {
            if (_pins > 0 && --_pins == 0)
            {
                _pin!.Dispose();
                _pin = null;
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        // The array and the pins own everything.
    }
}
