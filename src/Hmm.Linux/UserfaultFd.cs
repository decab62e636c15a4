// SPDX-License-Identifier: MIT
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// A userfaultfd: the kernel's way to let user space resolve page faults. The application opens and
/// registers it and keeps its own copy open for life; the host reads faults from the copy it was
/// sent and resolves them.
/// </summary>
/// <remarks>
/// Thread-safety: every member may be called from several threads at once. The operations on pages
/// neither allocate nor throw, except <see cref="ObjectDisposedException"/> after disposal.
/// Addresses are those of the process that opened it. If the last copy closes, waiting threads go
/// on with zero pages: data is lost silently. Measured behaviour:
/// <c>docs/internals/linux-interop.md</c>.
/// </remarks>
public sealed unsafe partial class UserfaultFd : DescriptorHandle
{
    // COPY and WRITEPROTECT answer EAGAIN without progress only while another thread of the
    // application changes its mappings and fork, remap, remove or unmap events are on, which Open
    // never asks for but a foreign client might. Each try yields the processor, so this many last
    // about a second; then the caller gets EBUSY.
    private const int TriesMax = 1 << 20;

    private UserfaultFd(int descriptor, UserfaultFdMode mode)
        : base(descriptor)
    {
        Mode = mode;
    }

    /// <summary>
    /// How it was opened. Known on the side that opened it; an adopted one says
    /// <see cref="UserfaultFdMode.Syscall"/>.
    /// </summary>
    public UserfaultFdMode Mode { get; }

    /// <summary>
    /// Puts a mapping under management: touching an absent page, and writing to a protected one,
    /// faults to here.
    /// </summary>
    /// <param name="address">The first byte, a multiple of 4096, in the calling process.</param>
    /// <param name="lengthBytes">A positive multiple of 4096.</param>
    /// <exception cref="HmmException">
    /// EINVAL: not mapped or not aligned. EBUSY: another userfaultfd has it.
    /// </exception>
    public void Register(nint address, ulong lengthBytes)
    {
        const ulong Needed = 1UL << 2 | 1UL << 3 | 1UL << 6; // the numbers of WAKE, COPY and WRITEPROTECT
        var register = new uffdio_register
        {
            range = new uffdio_range { start = (ulong)address, len = lengthBytes },
            mode = LibC.UFFDIO_REGISTER_MODE_MISSING | LibC.UFFDIO_REGISTER_MODE_WP,
        };

        // Safe because the structure is a blittable local that outlives the call.
        var result = LibC.ioctl(this, LibC.UFFDIO_REGISTER, &register);
        var error = LinuxError.Last();
        if (result < 0)
        {
            LinuxError.Throw(error, "UFFDIO_REGISTER", $"0x{address:x}, {lengthBytes}", RegisterCause(error));
        }

        if ((register.ioctls & Needed) != Needed)
        {
            LinuxError.Throw(
                Errno.EOPNOTSUPP,
                "UFFDIO_REGISTER",
                $"0x{address:x}, {lengthBytes}",
                $"this kind of memory allows only operations 0x{register.ioctls:x}; map a memfd, shared");
        }
    }

    /// <summary>Ends management of a mapping: its absent pages then read as zero.</summary>
    /// <param name="address">The first byte, a multiple of 4096, in the calling process.</param>
    /// <param name="lengthBytes">A positive multiple of 4096.</param>
    /// <exception cref="HmmException">EINVAL: not mapped or not aligned.</exception>
    public void Unregister(nint address, ulong lengthBytes)
    {
        var range = new uffdio_range { start = (ulong)address, len = lengthBytes };

        // Safe because the structure is a blittable local that outlives the call.
        var result = LibC.ioctl(this, LibC.UFFDIO_UNREGISTER, &range);
        var error = LinuxError.Last();
        if (result < 0)
        {
            LinuxError.Throw(error, "UFFDIO_UNREGISTER", $"0x{address:x}, {lengthBytes}", RegisterCause(error));
        }
    }

    /// <summary>Takes the messages that are there, without waiting.</summary>
    /// <param name="messages">Where to put them: at least one.</param>
    /// <param name="error">
    /// <see cref="Errno.None"/>, also when nothing is there; anything else is final.
    /// </param>
    /// <returns>The number of messages; 0 when nothing is there.</returns>
    public int Read(Span<UffdMessage> messages, out Errno error)
    {
        // Safe because the span is pinned for the call and the kernel writes whole messages, at
        // most as many as fit.
        fixed (UffdMessage* buffer = messages)
        {
            while (true)
            {
                var bytes = LibC.read(this, buffer, (nuint)(messages.Length * UffdMessage.SizeBytes));
                error = LinuxError.Last();
                if (bytes >= 0)
                {
                    error = Errno.None;
                    var count = (int)(bytes / UffdMessage.SizeBytes);
                    CloseForkedDescriptors(messages[..count]);
                    return count;
                }

                if (error == Errno.EAGAIN)
                {
                    error = Errno.None;
                    return 0;
                }

                if (!LinuxError.IsInterrupted(error))
                {
                    return 0;
                }
            }
        }
    }

    /// <summary>
    /// Copies pages in, maps them, page by page atomically, and wakes their waiters (UFFDIO_COPY).
    /// </summary>
    /// <param name="destination">
    /// The first page, in the application's address space; a multiple of 4096.
    /// </param>
    /// <param name="source">
    /// The bytes, in the calling process; any alignment, 4096 is fastest.
    /// </param>
    /// <param name="lengthBytes">A positive multiple of 4096.</param>
    /// <param name="writeProtected">Whether the first write to each page must fault.</param>
    /// <param name="copiedBytes">
    /// How much was installed before the error: the page at this offset is the one that failed.
    /// </param>
    /// <returns>
    /// <see cref="Errno.EEXIST"/>: the page at <paramref name="copiedBytes"/> is present; nobody
    /// was woken for it, so wake, and go on behind it. <see cref="Errno.ENOENT"/>: unmapped or
    /// unregistered. <see cref="Errno.ESRCH"/>: the application is gone.
    /// <see cref="Errno.EINVAL"/>: not aligned. <see cref="Errno.ENOMEM"/>: no memory, or the
    /// cgroup's limit.
    /// </returns>
    public Errno Copy(nint destination, nint source, ulong lengthBytes, bool writeProtected, out ulong copiedBytes)
    {
        copiedBytes = 0;
        for (var tries = 0; tries < TriesMax; tries++)
        {
            var copy = new uffdio_copy
            {
                dst = (ulong)destination + copiedBytes,
                src = (ulong)source + copiedBytes,
                len = lengthBytes - copiedBytes,
                mode = writeProtected ? LibC.UFFDIO_COPY_MODE_WP : 0,
            };

            // Safe because the structure is a blittable local; the kernel checks both ranges
            // itself.
            var result = LibC.ioctl(this, LibC.UFFDIO_COPY, &copy);
            var error = LinuxError.Last();
            if (result == 0)
            {
                copiedBytes = lengthBytes;
                return Errno.None;
            }

            // A failure at a later page is reported as EAGAIN with the bytes done; the same call on
            // the rest then names it. When the application is gone errno alone says so: `copy`
            // stays 0.
            if (copy.copy > 0)
            {
                copiedBytes += (ulong)copy.copy;
                tries = 0;
            }
            else if (!ShouldTryAgain(error))
            {
                return error;
            }
        }

        return Errno.EBUSY;
    }

    /// <summary>
    /// Makes the next write to each page fault, or lets writes through and wakes waiters
    /// (UFFDIO_WRITEPROTECT).
    /// </summary>
    /// <param name="start">
    /// The first page, in the application's address space; a multiple of 4096.
    /// </param>
    /// <param name="lengthBytes">A positive multiple of 4096.</param>
    /// <param name="on">Whether writes fault.</param>
    /// <returns>As <see cref="Copy"/>, without <see cref="Errno.EEXIST"/>.</returns>
    public Errno WriteProtect(nint start, ulong lengthBytes, bool on)
    {
        var protect = new uffdio_writeprotect
        {
            range = new uffdio_range { start = (ulong)start, len = lengthBytes },
            mode = on ? LibC.UFFDIO_WRITEPROTECT_MODE_WP : 0,
        };
        for (var tries = 0; tries < TriesMax; tries++)
        {
            // Safe because the structure is a blittable local that outlives the call.
            var result = LibC.ioctl(this, LibC.UFFDIO_WRITEPROTECT, &protect);
            var error = LinuxError.Last();
            if (result == 0)
            {
                return Errno.None;
            }

            if (!ShouldTryAgain(error))
            {
                return error;
            }
        }

        return Errno.EBUSY;
    }

    /// <summary>
    /// Lets every thread that waits on these pages touch them again (UFFDIO_WAKE). Also succeeds
    /// when the application is gone.
    /// </summary>
    /// <param name="start">
    /// The first page, in the application's address space; a multiple of 4096.
    /// </param>
    /// <param name="lengthBytes">A positive multiple of 4096.</param>
    /// <returns>
    /// <see cref="Errno.EINVAL"/>: the span is empty, not aligned, or no address of a program.
    /// </returns>
    public Errno Wake(nint start, ulong lengthBytes)
    {
        var range = new uffdio_range { start = (ulong)start, len = lengthBytes };

        // Safe because the structure is a blittable local that outlives the call.
        var result = LibC.ioctl(this, LibC.UFFDIO_WAKE, &range);
        var error = LinuxError.Last();
        return result < 0 ? error : Errno.None;
    }

    /// <summary>
    /// Makes a touch of these absent pages an error for the toucher: SIGBUS, or EFAULT in a system
    /// call (UFFDIO_POISON, Linux 6.6). Punching a hole and copying in heals a page.
    /// </summary>
    /// <param name="start">
    /// The first page, in the application's address space; a multiple of 4096.
    /// </param>
    /// <param name="lengthBytes">A positive multiple of 4096.</param>
    /// <param name="wake">Whether to wake who waits for them; else <see cref="Wake"/> does.</param>
    /// <returns>
    /// As <see cref="Copy"/>; <see cref="Errno.EEXIST"/>: a page of them is present.
    /// <see cref="Errno.EINVAL"/> also where the kernel is older.
    /// </returns>
    public Errno Poison(nint start, ulong lengthBytes, bool wake = true)
    {
        ulong done = 0;
        for (var tries = 0; tries < TriesMax; tries++)
        {
            var poison = new uffdio_poison
            {
                range = new uffdio_range { start = (ulong)start + done, len = lengthBytes - done },
                mode = wake ? 0 : LibC.UFFDIO_POISON_MODE_DONTWAKE,
            };

            // Safe because the structure is a blittable local that outlives the call.
            var result = LibC.ioctl(this, LibC.UFFDIO_POISON, &poison);
            var error = LinuxError.Last();
            if (result == 0)
            {
                return Errno.None;
            }

            if (poison.updated > 0)
            {
                done += (ulong)poison.updated;
                tries = 0;
            }
            else if (!ShouldTryAgain(error))
            {
                return error;
            }
        }

        return Errno.EBUSY;
    }

    private static bool ShouldTryAgain(Errno error)
    {
        if (error == Errno.EAGAIN)
        {
            Thread.Yield();
            return true;
        }

        return LinuxError.IsInterrupted(error);
    }

    // Fork events are never asked for here, but a hostile client can send a userfaultfd that has
    // them on, and each read would then leave an open descriptor behind in this process.
    private static void CloseForkedDescriptors(ReadOnlySpan<UffdMessage> messages)
    {
        foreach (ref readonly var message in messages)
        {
            if (message.CarriesDescriptor(out var descriptor))
            {
                _ = LibC.close(descriptor);
            }
        }
    }

    private static string? RegisterCause(Errno error) => error switch
    {
        Errno.EINVAL => "the span is empty, not a multiple of 4096 or not mapped; pass a mapping of this process",
        Errno.EBUSY => "another userfaultfd has registered it; unregister it there first",
        Errno.ENOMEM => "the process is ending or has reached vm.max_map_count; raise that limit",
        Errno.EPERM => "the file cannot be written; map a memfd without write seals",
        _ => null,
    };
}
