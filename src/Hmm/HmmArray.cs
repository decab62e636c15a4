// SPDX-License-Identifier: MIT
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Hmm;

/// <summary>
/// An array that may be larger than memory. Its pages are in DRAM while they are hot and on devices
/// otherwise; touching one that is away brings it back, so element access is plain memory access.
/// </summary>
/// <typeparam name="T">
/// Any unmanaged type; elements lie at multiples of its size from the start.
/// </typeparam>
/// <remarks>
/// <para> Dispose it. A span, reference or pointer must not be used after that, nor after the last
/// use of the array (the garbage collector may release an array that nobody mentions any more):
/// keep it in a field, or in a <c>using</c>. A <see cref="Memory{T}"/> keeps it alive by itself.
/// </para> <para> A plain access that faults holds up the garbage collector until its page arrives.
/// Where devices are slow, use <see cref="Read"/>, <see cref="Write"/>, <see cref="Populate"/> or
/// <see cref="Prefetch(long, long)"/> first: they wait in the kernel, which does not. </para> <para> Memory
/// that hardware writes to by itself (O_DIRECT reads, io_uring fixed buffers, RDMA, a GPU) must be
/// pinned meanwhile, or what it writes is lost when the page is evicted. Ordinary system calls need
/// no pin. </para> <para>Thread-safety: as an ordinary array; disposing must not overlap with other
/// use.</para>
/// </remarks>
public sealed unsafe partial class HmmArray<T> : IDisposable, IAsyncDisposable
    where T : unmanaged
{
    private readonly HmmRange _range; // Guarded by: immutable
    private readonly T* _pointer; // Guarded by: immutable
    private readonly long _elements; // Guarded by: immutable
    private long _length; // Guarded by: atomic; 0 once disposed, so that the bounds check is the only one

    internal HmmArray(HmmRange range, long length)
    {
        _range = range;
        _pointer = (T*)range.Address;
        _elements = length;
        _length = length;
        range.Owner = this;
    }

    /// <summary>The number of elements; at least 1.</summary>
    /// <exception cref="ObjectDisposedException">The array is disposed.</exception>
    public long Length
    {
        get
        {
            ThrowIfDisposed();
            return _elements;
        }
    }

    /// <summary>The range's name in reports.</summary>
    public string Name => _range.Name;

    /// <summary>
    /// The first element's address, aligned to 2 MiB. It is not checked in any way: valid until the
    /// array is disposed.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The array is disposed.</exception>
    public T* Pointer
    {
        get
        {
            ThrowIfDisposed();
            return _pointer;
        }
    }

    /// <summary>
    /// An element. Costs what an ordinary array's costs while its page is in DRAM.
    /// </summary>
    /// <param name="index">0 to <see cref="Length"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such element.</exception>
    /// <exception cref="ObjectDisposedException">The array is disposed.</exception>
    public ref T this[long index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            // Read before the check, which may throw: so a loop can keep it in a register, as it does an array's.
            var pointer = _pointer;
            if ((ulong)index >= (ulong)_length)
            {
                ThrowIndex(index);
            }

            // Safe because the index is inside the mapping, which exists until the length is 0.
            return ref pointer[index];
        }
    }

    /// <summary>A span over elements, which must not outlive the array.</summary>
    /// <param name="start">The first element.</param>
    /// <param name="length">How many elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not all inside the array.</exception>
    /// <exception cref="ObjectDisposedException">The array is disposed.</exception>
    public Span<T> Span(long start, int length)
    {
        CheckSpan(start, length);

        // Safe because all of it is inside the mapping, which the caller keeps by keeping the
        // array.
        return new Span<T>(_pointer + start, length);
    }

    /// <summary>
    /// Elements as <see cref="Memory{T}"/>, which keeps the array alive. Pinning it is a request to
    /// the host, and fails with ENOMEM when the budget cannot hold all of it.
    /// </summary>
    /// <param name="start">The first element.</param>
    /// <param name="length">How many elements.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are not all inside the array.</exception>
    /// <exception cref="ObjectDisposedException">The array is disposed.</exception>
    public Memory<T> Memory(long start, int length)
    {
        CheckSpan(start, length);
        return new HmmMemoryManager<T>(this, start, length).Memory;
    }

    /// <summary>
    /// Gives the array back; a shared file is written back first. Pins keep the memory until they
    /// are disposed. Idempotent.
    /// </summary>
    /// <exception cref="Uapi.HmmException">
    /// A shared file could not be written back; the array is gone all the same. Use <see
    /// cref="Flush()"/> before to handle that.
    /// </exception>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _length, 0) != 0)
        {
            _range.Release();
        }
    }

    /// <summary>
    /// As <see cref="Dispose"/>, without blocking a thread while a file is written back.
    /// </summary>
    public ValueTask DisposeAsync() =>
        Interlocked.Exchange(ref _length, 0) == 0 ? ValueTask.CompletedTask : _range.ReleaseAsync();

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_length == 0, this);

    private void CheckSpan(long start, long count)
    {
        var length = _length;
        if ((ulong)start > (ulong)length || (ulong)count > (ulong)(length - start))
        {
            ThrowSpan(start, count);
        }

        // An empty span of a disposed array passes the checks above.
        ThrowIfDisposed();
    }

    [DoesNotReturn]
    private void ThrowIndex(long index)
    {
        ThrowIfDisposed();
        throw new ArgumentOutOfRangeException(
            nameof(index),
            index,
            $"The array has {_elements} elements; use an index from 0 to {_elements - 1}.");
    }

    [DoesNotReturn]
    private void ThrowSpan(long start, long count)
    {
        ThrowIfDisposed();
        throw new ArgumentOutOfRangeException(
            start < 0 || start > _elements ? nameof(start) : nameof(count),
            $"{count} elements from {start} are not all inside the array, which has {_elements}.");
    }
}
