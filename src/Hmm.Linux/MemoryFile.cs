// SPDX-License-Identifier: MIT
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// A file in memory (memfd): the pages behind a range. The application maps it, the host reads and
/// punches it; nobody writes it except UFFDIO_COPY and the application's own stores.
/// </summary>
/// <remarks>
/// Thread-safety: every member may be called from several threads at once. <see cref="Read"/> and
/// <see cref="PunchHole"/> neither allocate nor throw, except <see cref="ObjectDisposedException"/>
/// after disposal.
/// </remarks>
public sealed unsafe class MemoryFile : DescriptorHandle
{
    private const int LengthSeals = LibC.F_SEAL_SHRINK | LibC.F_SEAL_GROW;

    private MemoryFile(int descriptor)
        : base(descriptor)
    {
    }

    /// <summary>The length in bytes.</summary>
    /// <exception cref="HmmException">The system's error.</exception>
    public ulong LengthBytes => FileStatus.Of(this).SizeBytes;

    /// <summary>The DRAM that its pages take, in bytes, as the kernel counts it.</summary>
    /// <exception cref="HmmException">The system's error.</exception>
    public ulong ResidentBytes => FileStatus.Of(this).AllocatedBytes;

    /// <summary>
    /// Whether this is a memfd whose length can never change. A host must insist on it before it
    /// maps a file that somebody sent: touching a mapping behind the end of its file is SIGBUS.
    /// </summary>
    public bool HasFixedLength
    {
        get
        {
            var seals = LibC.fcntl(this, LibC.F_GET_SEALS, 0);
            return seals >= 0 && (seals & LengthSeals) == LengthSeals;
        }
    }

    /// <summary>
    /// Creates a file of zeros that takes no DRAM yet; close-on-exec, its length sealed.
    /// </summary>
    /// <param name="name">What <c>/proc/PID/maps</c> shows; at most 249 bytes.</param>
    /// <param name="lengthBytes">1 to 2^63 - 1.</param>
    /// <exception cref="HmmException">ENOMEM, EMFILE, EFBIG: the system's limits.</exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    public static MemoryFile Create(string name, ulong lengthBytes)
    {
        Platform.Require();
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfZero(lengthBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthBytes, (ulong)long.MaxValue);

        // NOEXEC first: a system with vm.memfd_noexec=2 refuses anything else, and one before 6.3
        // does not know it.
        var descriptor = LibC.memfd_create(name, LibC.MFD_CLOEXEC | LibC.MFD_NOEXEC_SEAL);
        var error = LinuxError.Last();
        if (descriptor < 0 && error == Errno.EINVAL)
        {
            descriptor = LibC.memfd_create(name, LibC.MFD_CLOEXEC | LibC.MFD_ALLOW_SEALING);
            error = LinuxError.Last();
        }

        if (descriptor < 0)
        {
            LinuxError.Throw(error, "memfd_create", $"\"{name}\"");
        }

        var file = new MemoryFile(descriptor);
        try
        {
            file.SetLength(lengthBytes);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Takes over a memory file that another process created and sent.</summary>
    /// <param name="descriptor">The descriptor, owned by the result from here on.</param>
    public static MemoryFile Adopt(int descriptor)
    {
        Platform.Require();
        return new MemoryFile(descriptor);
    }

    /// <summary>
    /// Copies bytes out, all of them. Reading a hole gives zeros and takes no DRAM.
    /// </summary>
    /// <param name="offset">The first byte's offset.</param>
    /// <param name="destination">Where to: <paramref name="lengthBytes"/> writable bytes.</param>
    /// <param name="lengthBytes">How many.</param>
    /// <returns>
    /// <see cref="Errno.None"/>, or why not; <see cref="Errno.EIO"/>: the file ends before.
    /// </returns>
    public Errno Read(ulong offset, nint destination, ulong lengthBytes)
    {
        ulong done = 0;
        while (done < lengthBytes)
        {
            var bytes = LibC.pread(this, destination + (nint)done, (nuint)(lengthBytes - done), (long)(offset + done));
            var error = LinuxError.Last();
            if (bytes > 0)
            {
                done += (ulong)bytes;
            }
            else if (bytes == 0)
            {
                return Errno.EIO;
            }
            else if (!LinuxError.IsInterrupted(error))
            {
                return error;
            }
        }

        return Errno.None;
    }

    /// <summary>
    /// Frees the DRAM of a span and unmaps it everywhere; it then reads as zeros. The length stays.
    /// </summary>
    /// <param name="offset">The first byte's offset; a multiple of 4096.</param>
    /// <param name="lengthBytes">A positive multiple of 4096.</param>
    /// <returns><see cref="Errno.None"/>, or why not.</returns>
    public Errno PunchHole(ulong offset, ulong lengthBytes) => FileStatus.PunchHole(this, offset, lengthBytes);

    /// <summary>Finds the next stretch that has pages in DRAM.</summary>
    /// <param name="offset">Where to start looking.</param>
    /// <param name="start">
    /// The first byte of the stretch, at or after <paramref name="offset"/>.
    /// </param>
    /// <param name="end">The byte behind it.</param>
    /// <returns>False when there is none up to the end.</returns>
    /// <exception cref="HmmException">The system's error.</exception>
    public bool TryNextData(ulong offset, out ulong start, out ulong end)
    {
        end = 0;
        if (!TrySeek(offset, LibC.SEEK_DATA, out start))
        {
            return false;
        }

        // Another thread may punch in between: the hole is then right behind `offset`, and the
        // stretch counts as gone.
        return TrySeek(start, LibC.SEEK_HOLE, out end) && end > start;
    }

    private bool TrySeek(ulong offset, int whence, out ulong found)
    {
        // The file position is shared and moves here, which harms nobody: every transfer names its
        // own offset.
        var result = LibC.lseek(this, (long)offset, whence);
        var error = LinuxError.Last();
        found = result < 0 ? 0 : (ulong)result;
        if (result < 0 && error != Errno.ENXIO)
        {
            LinuxError.Throw(error, "lseek", $"{offset}, {(whence == LibC.SEEK_DATA ? "SEEK_DATA" : "SEEK_HOLE")}");
        }

        return result >= 0;
    }

    private void SetLength(ulong lengthBytes)
    {
        var result = LibC.ftruncate(this, (long)lengthBytes);
        var error = LinuxError.Last();
        if (result < 0)
        {
            LinuxError.Throw(
                error,
                "ftruncate",
                $"memfd, {lengthBytes}",
                error == Errno.EFBIG
                    ? "that is more than a file may have here; ask for less or raise ulimit -f"
                    : null);
        }

        result = LibC.fcntl(this, LibC.F_ADD_SEALS, LengthSeals | LibC.F_SEAL_SEAL);
        error = LinuxError.Last();
        if (result < 0)
        {
            LinuxError.Throw(error, "fcntl", "memfd, F_ADD_SEALS");
        }
    }
}
