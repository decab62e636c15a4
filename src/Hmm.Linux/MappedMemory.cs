// SPDX-License-Identifier: MIT
using System.Numerics;
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// A shared, read-write mapping of a <see cref="MemoryFile"/>; disposing unmaps it. Pointers into
/// it must not be used after that.
/// </summary>
/// <remarks>Thread-safety: every member may be called from several threads at once.</remarks>
public sealed unsafe class MappedMemory : SafeHandle
{
    private const ulong PageSizeBytes = 4096;
    private const ulong DefaultAlignmentBytes = 2UL << 20; // the size of a huge page, so that one could ever be used

    private MappedMemory(nint address, ulong lengthBytes)
        : base(invalidHandleValue: LibC.MAP_FAILED, ownsHandle: true)
    {
        SetHandle(address);
        LengthBytes = lengthBytes;
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == LibC.MAP_FAILED;

    /// <summary>The first byte.</summary>
    public nint Address => handle;

    /// <summary>The length in bytes.</summary>
    public ulong LengthBytes { get; }

    /// <summary>Maps the start of a memory file.</summary>
    /// <param name="file">
    /// The file; at least <paramref name="lengthBytes"/> long. The mapping keeps its pages alive.
    /// </param>
    /// <param name="lengthBytes">A positive multiple of 4096.</param>
    /// <param name="alignmentBytes">A power of two from 4096; default 2 MiB.</param>
    /// <exception cref="HmmException">
    /// ENOMEM: no address space or mapping left. EACCES: the descriptor is read-only.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    public static MappedMemory Map(MemoryFile file, ulong lengthBytes, ulong alignmentBytes = DefaultAlignmentBytes)
    {
        Platform.Require();
        ArgumentNullException.ThrowIfNull(file);
        if (lengthBytes == 0 || lengthBytes % PageSizeBytes != 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(lengthBytes), lengthBytes, "The length must be a positive multiple of 4096.");
        }

        if (alignmentBytes < PageSizeBytes || !BitOperations.IsPow2(alignmentBytes))
        {
            throw new ArgumentOutOfRangeException(
                nameof(alignmentBytes), alignmentBytes, "The alignment must be a power of two from 4096.");
        }

        // The kernel aligns to a page only. So: 1. reserve enough to contain an aligned span;
        var slack = alignmentBytes - PageSizeBytes;
        var reserved = LibC.mmap(
            0,
            checked((nuint)(lengthBytes + slack)),
            LibC.PROT_NONE,
            LibC.MAP_PRIVATE | LibC.MAP_ANONYMOUS | LibC.MAP_NORESERVE,
            -1,
            0);
        var error = LinuxError.Last();
        if (reserved == LibC.MAP_FAILED)
        {
            LinuxError.Throw(error, "mmap", $"{lengthBytes + slack}", MapCause(error));
        }

        // 2. put the file over the aligned part; safe because MAP_FIXED replaces only the
        // reservation made above;
        var address = (nint)(((ulong)reserved + slack) & ~(alignmentBytes - 1));
        var mapped = LibC.mmap(
            address,
            (nuint)lengthBytes,
            LibC.PROT_READ | LibC.PROT_WRITE,
            LibC.MAP_SHARED | LibC.MAP_FIXED | LibC.MAP_NORESERVE,
            file,
            0);
        error = LinuxError.Last();
        if (mapped == LibC.MAP_FAILED)
        {
            _ = LibC.munmap(reserved, (nuint)(lengthBytes + slack));
            LinuxError.Throw(error, "mmap", $"memory file, {lengthBytes}", MapCause(error));
        }

        // 3. give the rest back.
        Unmap(reserved, address);
        Unmap(address + (nint)lengthBytes, reserved + (nint)(lengthBytes + slack));
        return new MappedMemory(mapped, lengthBytes);
    }

    /// <summary>
    /// Keeps the mapping out of children that this process forks (MADV_DONTFORK). A child that
    /// touched an absent page would otherwise put a page of zeros into the file, and this process
    /// would read it.
    /// </summary>
    /// <exception cref="HmmException">The system's error.</exception>
    public void DontFork()
    {
        var error = Advise(handle, LengthBytes, LibC.MADV_DONTFORK);
        if (error != Errno.None)
        {
            LinuxError.Throw(error, "madvise", $"0x{handle:x}, {LengthBytes}, MADV_DONTFORK");
        }
    }

    /// <summary>
    /// Asks for a span to be backed by large pages where the system has some (MADV_HUGEPAGE). A device that is told of
    /// a transfer by pieces of physical memory then gets few and long ones.
    /// </summary>
    /// <param name="address">The first byte; a multiple of 4096.</param>
    /// <param name="lengthBytes">The length; rounded up to 4096.</param>
    /// <returns><see cref="Errno.EINVAL"/>: this kernel has none; all works as before.</returns>
    public static Errno PreferLargePages(nint address, nuint lengthBytes)
        => Advise(address, lengthBytes, LibC.MADV_HUGEPAGE);

    /// <summary>
    /// Makes a span present for reading (MADV_POPULATE_READ, Linux 5.14). Blocks in the kernel,
    /// where the thread stops no garbage collection, until every page is there.
    /// </summary>
    /// <param name="address">The first byte; a multiple of 4096.</param>
    /// <param name="lengthBytes">The length; rounded up to 4096.</param>
    /// <returns>
    /// <see cref="Errno.EFAULT"/>: a page cannot come, or the userfaultfd serves user-mode faults
    /// only. <see cref="Errno.EHWPOISON"/>: a page is poisoned. <see cref="Errno.ENOMEM"/>: not
    /// mapped.
    /// </returns>
    public static Errno PopulateRead(nint address, ulong lengthBytes)
        => Advise(address, lengthBytes, LibC.MADV_POPULATE_READ);

    /// <summary>
    /// Makes a span present for writing (MADV_POPULATE_WRITE, Linux 5.14); otherwise as
    /// <see cref="PopulateRead"/>.
    /// </summary>
    /// <param name="address">The first byte; a multiple of 4096.</param>
    /// <param name="lengthBytes">The length; rounded up to 4096.</param>
    /// <returns>As <see cref="PopulateRead"/>.</returns>
    public static Errno PopulateWrite(nint address, ulong lengthBytes)
        => Advise(address, lengthBytes, LibC.MADV_POPULATE_WRITE);

    /// <summary>A place in the mapping. It must not be used after disposal.</summary>
    /// <typeparam name="T">What lies there.</typeparam>
    /// <param name="offset">Where, in bytes; the whole value must lie inside.</param>
    /// <exception cref="ArgumentOutOfRangeException">It does not lie inside.</exception>
    public ref T At<T>(ulong offset)
        where T : unmanaged
    {
        if (offset > LengthBytes || LengthBytes - offset < (ulong)sizeof(T))
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset), offset, $"The mapping has {LengthBytes} bytes, and the value {sizeof(T)}.");
        }

        // Safe because it lies inside of the mapping.
        return ref *(T*)((byte*)handle + offset);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LibC.munmap(handle, (nuint)LengthBytes) == 0;

    private static Errno Advise(nint address, ulong lengthBytes, int advice)
    {
        // An interrupted populate starts over; what is present already it passes in nanoseconds a
        // page.
        while (true)
        {
            var result = LibC.madvise(address, (nuint)lengthBytes, advice);
            var error = LinuxError.Last();
            if (result == 0)
            {
                return Errno.None;
            }

            if (!LinuxError.IsInterrupted(error))
            {
                return error == Errno.EAGAIN ? Errno.ENOMEM : error; // madvise(2): "a kernel resource was unavailable"
            }
        }
    }

    private static void Unmap(nint start, nint end)
    {
        if (end > start)
        {
            _ = LibC.munmap(start, (nuint)(end - start));
        }
    }

    private static string? MapCause(Errno error) => error switch
    {
        Errno.ENOMEM => "no address space or no mapping is left; ask for less, or raise ulimit -v or vm.max_map_count",
        Errno.EACCES => "the descriptor does not allow reading and writing; pass one opened for both",
        Errno.ENODEV => "the descriptor cannot be mapped; pass a memfd",
        _ => null,
    };
}
