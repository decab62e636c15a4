// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;

namespace Hmm.Linux;

/// <summary>
/// One message of a userfaultfd: <c>struct uffd_msg</c> of <c>include/uapi/linux/userfaultfd.h</c>,
/// 32 bytes. Duplicates are normal: two threads may wait for one page, and each signal makes a
/// waiting thread ask again.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeBytes)]
public readonly struct UffdMessage
{
    /// <summary>The size of a message: 32 bytes.</summary>
    public const int SizeBytes = 32;

    [FieldOffset(0)]
    private readonly byte _event; // immutable

    [FieldOffset(8)]
    private readonly ulong _flags; // immutable

    [FieldOffset(8)]
    private readonly int _forkedDescriptor; // immutable; of UFFD_EVENT_FORK

    [FieldOffset(16)]
    private readonly ulong _address; // immutable

    [FieldOffset(24)]
    private readonly uint _threadId; // immutable

    /// <summary>
    /// Whether a thread waits for a page; other messages are not asked for and can be dropped.
    /// </summary>
    public bool IsPageFault => _event == LibC.UFFD_EVENT_PAGEFAULT;

    /// <summary>Whether the access was a write.</summary>
    public bool IsWrite => (_flags & LibC.UFFD_PAGEFAULT_FLAG_WRITE) != 0;

    /// <summary>Whether the page is present and write-protected, rather than absent.</summary>
    public bool IsWriteProtect => (_flags & LibC.UFFD_PAGEFAULT_FLAG_WP) != 0;

    /// <summary>
    /// The address touched, rounded down to 4096 bytes, in the application's address space.
    /// </summary>
    public ulong Address => _address;

    /// <summary>
    /// The thread that waits, by the number it has in its own PID namespace; 0 where the kernel did
    /// not say.
    /// </summary>
    public uint ThreadId => _threadId;

    // A process that forks under a userfaultfd with fork events plants a descriptor in whoever
    // reads the message.
    internal bool CarriesDescriptor(out int descriptor)
    {
        descriptor = _forkedDescriptor;
        return _event == LibC.UFFD_EVENT_FORK;
    }
}
