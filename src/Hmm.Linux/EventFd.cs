// SPDX-License-Identifier: MIT
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// A flag that a waiter can poll: readable while signalled. For waking a thread that waits for
/// descriptors.
/// </summary>
/// <remarks>
/// Thread-safety: every member may be called from several threads at once; none blocks.
/// </remarks>
public sealed unsafe class EventFd : DescriptorHandle
{
    private EventFd(int descriptor)
        : base(descriptor)
    {
    }

    /// <summary>Creates one, not signalled; close-on-exec.</summary>
    /// <exception cref="HmmException">EMFILE, ENOMEM: the system's limits.</exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    public static EventFd Create()
    {
        Platform.Require();
        var descriptor = LibC.eventfd(0, LibC.EFD_CLOEXEC | LibC.EFD_NONBLOCK);
        var error = LinuxError.Last();
        if (descriptor < 0)
        {
            LinuxError.Throw(error, "eventfd", "EFD_CLOEXEC | EFD_NONBLOCK");
        }

        return new EventFd(descriptor);
    }

    /// <summary>Signals; signalling twice is as once.</summary>
    public void Signal()
    {
        // EAGAIN: the counter is at its end, which is as signalled as it gets.
        ulong one = 1;
        Transfer(&one, write: true);
    }

    /// <summary>Takes the signal back, if there is one.</summary>
    public void Clear()
    {
        // EAGAIN: it was not signalled.
        ulong count;
        Transfer(&count, write: false);
    }

    private void Transfer(ulong* value, bool write)
    {
        while (true)
        {
            // Safe because the pointer is to a local of the caller with the 8 bytes that an eventfd
            // transfers.
            var result = write ? LibC.write(this, value, sizeof(ulong)) : LibC.read(this, value, sizeof(ulong));
            var error = LinuxError.Last();
            if (result >= 0 || error == Errno.EAGAIN)
            {
                return;
            }

            if (!LinuxError.IsInterrupted(error))
            {
                LinuxError.Throw(error, write ? "write" : "read", "eventfd");
            }
        }
    }
}
