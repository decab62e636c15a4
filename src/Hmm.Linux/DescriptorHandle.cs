// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;

namespace Hmm.Linux;

/// <summary>
/// A file descriptor that this object owns: closed once, when it is disposed and no call uses it
/// any more.
/// </summary>
/// <remarks>
/// A call in progress holds a reference, so that disposing on another thread never lets a call run
/// on a number that the kernel has given to another file. Where a thread is blocked in a call, the
/// descriptor stays open until it returns: wake it first (<see cref="UnixSocket.Shutdown"/>,
/// <see cref="EventFd.Signal"/>).
/// </remarks>
public abstract class DescriptorHandle : SafeHandle
{
    private protected DescriptorHandle(int descriptor)
        : base(invalidHandleValue: -1, ownsHandle: true)
    {
        SetHandle(descriptor);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1;

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LibC.close((int)handle) == 0; // never again on EINTR: Linux closes first
}
