// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// Memory that the kernel pages by itself: a shared mapping of a file, or anonymous memory, which goes to swap. It is
/// what Hmm.NET is measured against. Disposing unmaps it; pointers into it must not be used after that.
/// </summary>
/// <remarks>Thread-safety: every member may be called from several threads at once.</remarks>
public sealed unsafe class KernelMapping : SafeHandle
{
    private const ulong PageSizeBytes = 4096;

    private KernelMapping(nint address, ulong lengthBytes)
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

    /// <summary>Maps the start of a file, shared.</summary>
    /// <param name="file">An open file, at least <paramref name="lengthBytes"/> long; it may be closed after.</param>
    /// <param name="lengthBytes">A positive multiple of 4096.</param>
    /// <param name="writable">Whether it may be written; the file must be open for it.</param>
    /// <exception cref="HmmException">The system's error.</exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    public static KernelMapping OfFile(SafeHandle file, ulong lengthBytes, bool writable)
    {
        ArgumentNullException.ThrowIfNull(file);
        CheckLength(lengthBytes);
        var protection = LibC.PROT_READ | (writable ? LibC.PROT_WRITE : 0);
        var address = LibC.mmap(0, (nuint)lengthBytes, protection, LibC.MAP_SHARED, file, 0);
        return Made(address, LinuxError.Last(), lengthBytes);
    }

    /// <summary>Maps private memory of zeros, in pages of 4 KiB only.</summary>
    /// <param name="lengthBytes">A positive multiple of 4096.</param>
    /// <exception cref="HmmException">The system's error.</exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    public static KernelMapping Anonymous(ulong lengthBytes)
    {
        CheckLength(lengthBytes);
        var address = LibC.mmap(
            0,
            (nuint)lengthBytes,
            LibC.PROT_READ | LibC.PROT_WRITE,
            LibC.MAP_PRIVATE | LibC.MAP_ANONYMOUS | LibC.MAP_NORESERVE,
            -1,
            0);
        var mapping = Made(address, LinuxError.Last(), lengthBytes);

        // Fails where the kernel has no huge pages at all: then there is nothing to turn off.
        _ = LibC.madvise(address, (nuint)lengthBytes, LibC.MADV_NOHUGEPAGE);
        return mapping;
    }

    /// <summary>Tells the kernel how all of it is going to be used.</summary>
    /// <param name="advice">The order.</param>
    /// <exception cref="HmmException">The system's error.</exception>
    public void Advise(MappingAdvice advice)
    {
        // MADV_RANDOM and MADV_SEQUENTIAL are 1 and 2.
        var result = LibC.madvise(handle, (nuint)LengthBytes, (int)advice);
        var error = LinuxError.Last();
        if (result < 0)
        {
            LinuxError.Throw(error, "madvise", $"{LengthBytes}, {advice}");
        }
    }

    /// <summary>How many of its pages are in memory, in bytes (mincore).</summary>
    /// <exception cref="HmmException">The system's error.</exception>
    public ulong CountResidentBytes()
    {
        var pages = new byte[LengthBytes / PageSizeBytes];
        int result;
        Errno error;

        // Safe because the kernel writes a byte a page, and the array has one for each.
        fixed (byte* present = pages)
        {
            result = LibC.mincore(this, (nuint)LengthBytes, present);
            error = LinuxError.Last();
        }

        if (result < 0)
        {
            LinuxError.Throw(error, "mincore", $"{LengthBytes}");
        }

        // Only the lowest bit is defined.
        return PageSizeBytes * (ulong)pages.LongCount(page => (page & 1) != 0);
    }

    /// <summary>Writes what was changed to its file, and waits for that.</summary>
    /// <exception cref="HmmException">The system's error.</exception>
    public void Flush()
    {
        var result = LibC.msync(this, (nuint)LengthBytes, LibC.MS_SYNC);
        var error = LinuxError.Last();
        if (result < 0)
        {
            LinuxError.Throw(error, "msync", $"{LengthBytes}, MS_SYNC");
        }
    }

    /// <summary>Writes a file's changed pages to its disk, and drops all of it from the page cache.</summary>
    /// <param name="file">The file; pages that somebody has mapped stay.</param>
    /// <exception cref="HmmException">The system's error.</exception>
    public static void DropCache(SafeHandle file)
    {
        Platform.Require();
        ArgumentNullException.ThrowIfNull(file);
        var result = LibC.fdatasync(file);
        var error = LinuxError.Last();
        if (result < 0)
        {
            LinuxError.Throw(error, "fdatasync", "file");
        }

        // 0, 0: all of it.
        error = (Errno)LibC.posix_fadvise(file, 0, 0, LibC.POSIX_FADV_DONTNEED);
        if (error != Errno.None)
        {
            LinuxError.Throw(error, "posix_fadvise", "file, POSIX_FADV_DONTNEED");
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LibC.munmap(handle, (nuint)LengthBytes) == 0;

    private static void CheckLength(ulong lengthBytes)
    {
        Platform.Require();
        if (lengthBytes == 0 || lengthBytes % PageSizeBytes != 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(lengthBytes), lengthBytes, "The length must be a positive multiple of 4096.");
        }
    }

    private static KernelMapping Made(nint address, Errno error, ulong lengthBytes)
    {
        if (address == LibC.MAP_FAILED)
        {
            LinuxError.Throw(error, "mmap", $"{lengthBytes}");
        }

        return new KernelMapping(address, lengthBytes);
    }
}
