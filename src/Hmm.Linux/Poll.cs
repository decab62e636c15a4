// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>Waiting for one descriptor.</summary>
public static class Poll
{
    /// <summary>
    /// Waits until a read would not block: data, the end of the stream or an error is there.
    /// </summary>
    /// <param name="handle">The descriptor.</param>
    /// <param name="timeoutMs">Milliseconds; 0 looks only, -1 waits for ever.</param>
    /// <returns>False when the time has passed.</returns>
    /// <exception cref="HmmException">ENOMEM: the system's limit.</exception>
    public static bool WaitReadable(SafeHandle handle, int timeoutMs) => Wait(handle, LibC.POLLIN, timeoutMs);

    internal static bool WaitWritable(SafeHandle handle) => Wait(handle, LibC.POLLOUT, timeoutMs: -1);

    private static unsafe bool Wait(SafeHandle handle, short events, int timeoutMs)
    {
        ArgumentNullException.ThrowIfNull(handle);
        ArgumentOutOfRangeException.ThrowIfLessThan(timeoutMs, -1);
        var deadline = new Deadline(timeoutMs);
        var held = false;
        try
        {
            // pollfd carries the number inside a structure, so the reference is taken by hand.
            handle.DangerousAddRef(ref held);
            while (true)
            {
                var descriptor = new pollfd { fd = (int)handle.DangerousGetHandle(), events = events };

                // Safe because the structure is a blittable local that outlives the call.
                var ready = LibC.poll(&descriptor, 1, deadline.LeftMs);
                var error = LinuxError.Last();
                if (ready >= 0)
                {
                    return ready > 0;
                }

                if (!LinuxError.IsInterrupted(error) && error != Errno.EAGAIN)
                {
                    LinuxError.Throw(error, "poll", $"{descriptor.fd}, {timeoutMs} ms");
                }
            }
        }
        finally
        {
            if (held)
            {
                handle.DangerousRelease();
            }
        }
    }
}
