// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;
using System.Runtime.CompilerServices;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>Waits for many descriptors to become readable; level triggered.</summary>
/// <remarks>
/// Thread-safety: every member may be called from several threads at once. Closing the last copy of
/// a descriptor removes it; remove one that other processes hold.
/// </remarks>
public sealed unsafe class Epoll : DescriptorHandle
{
    // The most events of one wait: what fits on the stack with ease. The rest is ready at the next
    // wait.
    internal const int EventsMax = 64;
    internal const int EventSizeBytesMax = 16;

    private Epoll(int descriptor)
        : base(descriptor)
    {
    }

    /// <summary>Creates one that watches nothing yet; close-on-exec.</summary>
    /// <exception cref="HmmException">EMFILE, ENOMEM: the system's limits.</exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    public static Epoll Create()
    {
        Platform.Require();
        var descriptor = LibC.epoll_create1(LibC.EPOLL_CLOEXEC);
        var error = LinuxError.Last();
        if (descriptor < 0)
        {
            LinuxError.Throw(error, "epoll_create1", "EPOLL_CLOEXEC");
        }

        return new Epoll(descriptor);
    }

    /// <summary>Watches a descriptor for reading.</summary>
    /// <param name="handle">The descriptor.</param>
    /// <param name="tag">What <see cref="Wait"/> reports for it.</param>
    /// <exception cref="HmmException">
    /// EEXIST: it is watched already. EPERM: this kind of file is always ready.
    /// </exception>
    public void Add(SafeHandle handle, ulong tag) => Control(LibC.EPOLL_CTL_ADD, handle, tag);

    /// <summary>Watches a descriptor no more.</summary>
    /// <param name="handle">The descriptor.</param>
    /// <exception cref="HmmException">ENOENT: it is not watched.</exception>
    public void Remove(SafeHandle handle) => Control(LibC.EPOLL_CTL_DEL, handle, tag: 0);

    /// <summary>Waits until at least one descriptor is ready.</summary>
    /// <param name="events">
    /// Where to report them: at least one; at most 64 are reported at once.
    /// </param>
    /// <param name="timeoutMs">Milliseconds; 0 looks only, -1 waits for ever.</param>
    /// <param name="error"><see cref="Errno.None"/>, also when the time has passed.</param>
    /// <returns>The number of events; 0 when the time has passed.</returns>
    public int Wait(Span<EpollEvent> events, int timeoutMs, out Errno error)
    {
        var buffer = stackalloc byte[EventsMax * EventSizeBytesMax];
        var deadline = new Deadline(timeoutMs);
        while (true)
        {
            // Safe because the buffer has room for EventsMax events of either architecture's size.
            var count = LibC.epoll_wait(this, buffer, Math.Min(events.Length, EventsMax), deadline.LeftMs);
            error = LinuxError.Last();
            if (count >= 0)
            {
                error = Errno.None;
                Decode(buffer, events[..count]);
                return count;
            }

            if (!LinuxError.IsInterrupted(error))
            {
                return 0;
            }
        }
    }

    // Reads as many events as there is room for, as the kernel wrote them.
    internal static void Decode(byte* buffer, Span<EpollEvent> events)
    {
        for (var i = 0; i < events.Length; i++)
        {
            // Safe because the kernel filled as many events; unaligned because x64 packs them.
            var source = buffer + (i * LibC.EpollEventSizeBytes);
            events[i] = new EpollEvent(
                Unsafe.ReadUnaligned<uint>(source),
                Unsafe.ReadUnaligned<ulong>(source + LibC.EpollEventDataOffset));
        }
    }

    private void Control(int operation, SafeHandle handle, ulong tag)
    {
        ArgumentNullException.ThrowIfNull(handle);

        // Safe because the buffer has the larger architecture's size and both fields lie inside it.
        var epollEvent = stackalloc byte[EventSizeBytesMax];
        Unsafe.WriteUnaligned(epollEvent, LibC.EPOLLIN);
        Unsafe.WriteUnaligned(epollEvent + LibC.EpollEventDataOffset, tag);
        var result = LibC.epoll_ctl(this, operation, handle, epollEvent);
        var error = LinuxError.Last();
        if (result < 0)
        {
            var name = operation == LibC.EPOLL_CTL_ADD ? "EPOLL_CTL_ADD" : "EPOLL_CTL_DEL";
            LinuxError.Throw(error, "epoll_ctl", $"{name}, {handle.DangerousGetHandle()}", ControlCause(error));
        }
    }

    private static string? ControlCause(Errno error) => error switch
    {
        Errno.EEXIST => "the descriptor is watched already; remove it first",
        Errno.ENOENT => "the descriptor is not watched; add it first",
        Errno.EPERM => "this kind of file is always ready and cannot be watched; read it directly",
        Errno.ENOSPC => "fs.epoll.max_user_watches is reached; raise it",
        _ => null,
    };
}
