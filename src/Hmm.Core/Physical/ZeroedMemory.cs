// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Uapi;

namespace Hmm.Core.Physical;

/// <summary>
/// One contiguous block of zeroed native memory. A large one is fresh address space: it costs
/// memory only where it is touched, which is what lets 1 TiB of device memory be mapped in
/// milliseconds.
/// </summary>
/// <remarks>
/// Thread-safety: none; the owner frees it once nobody reads it. The finalizer frees what an owner
/// lost.
/// </remarks>
internal sealed unsafe class ZeroedMemory : IDisposable
{
    private void* _address; // Guarded by: owner

    /// <exception cref="HmmException">
    /// ENOMEM: the system gives no address space of that size.
    /// </exception>
    public ZeroedMemory(ulong elements, uint elementSizeBytes)
    {
        try
        {
            _address = NativeMemory.AllocZeroed(checked((nuint)elements), elementSizeBytes);
        }
        catch (Exception exception) when (exception is OutOfMemoryException or OverflowException)
        {
            throw new HmmException(
                Errno.ENOMEM,
                $"the system gives no address space for {elements} entries of {elementSizeBytes} bytes of page " +
                "metadata; use larger frames, or raise vm.overcommit_memory or the limit on address space",
                exception);
        }
    }

    ~ZeroedMemory() => Free();

    /// <summary>The first byte, aligned to 16; 0 once freed.</summary>
    public nint Address => (nint)_address;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.Free(_address);
        _address = null;
    }
}
