// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;

namespace Hmm.Linux;

/// <summary>
/// A file as memory, shared and read only. Made by <see cref="HeldFile.TryMap"/>. Pointers into it must not be used
/// after it is disposed.
/// </summary>
/// <remarks>Thread-safety: every member may be called from several threads at once.</remarks>
public sealed class FileMapping : SafeHandle
{
    private readonly nuint _lengthBytes; // Guarded by: immutable

    internal FileMapping(nint address, nuint lengthBytes)
        : base(invalidHandleValue: LibC.MAP_FAILED, ownsHandle: true)
    {
        SetHandle(address);
        _lengthBytes = lengthBytes;
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == LibC.MAP_FAILED;

    /// <summary>The first byte.</summary>
    public nint Address => handle;

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LibC.munmap(handle, _lengthBytes) == 0;
}
