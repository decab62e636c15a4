// SPDX-License-Identifier: MIT
using System.Globalization;
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <content>
/// Opening. Whether O_DIRECT works is found out by a transfer, not by asking: some file systems
/// accept the flag and refuse the transfer. The direct descriptor is the same file opened again
/// through /proc, since the flag belongs to an open file and both kinds are needed.
/// </content>
public sealed partial class FileIo
{
    /// <summary>
    /// Creates a sparse file of zeros that no path names, so that it is gone when the process ends,
    /// however it ends.
    /// </summary>
    /// <param name="folder">Where: its file system gives the room.</param>
    /// <param name="lengthBytes">The length: a positive multiple of 4096.</param>
    /// <param name="workers">How many transfers run at once: 1 to <see cref="WorkersMax"/>.</param>
    /// <param name="ring">Use an io_uring instead, where there is one and the file system has O_DIRECT.</param>
    /// <exception cref="HmmException">
    /// ENOENT, EACCES, EROFS, ENOSPC, EFBIG: the folder is missing, forbidden, read-only, full, or
    /// its file system has no files of that length. The message has the fix.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    public static FileIo CreateScratch(string folder, ulong lengthBytes, int workers, bool ring = false)
    {
        Platform.Require();
        ArgumentNullException.ThrowIfNull(folder);
        CheckWorkers(workers);
        if (lengthBytes == 0 || lengthBytes > long.MaxValue || lengthBytes % AlignmentBytes != 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(lengthBytes), lengthBytes, "The length must be a positive multiple of 4096.");
        }

        var buffered = OpenScratch(folder);
        try
        {
            var result = LibC.ftruncate(buffered, (long)lengthBytes);
            var error = LinuxError.Last();
            if (result < 0)
            {
                LinuxError.Throw(
                    error,
                    "ftruncate",
                    $"scratch file in \"{folder}\", {lengthBytes}",
                    error is Errno.EFBIG or Errno.EINVAL
                        ? "its file system has no files of that length; ask for less or name another folder"
                        : null);
            }

            // A page is written first through the page cache, so that a full folder is told apart
            // from a missing O_DIRECT.
            error = TryPage(buffered, write: true);
            if (error != Errno.None)
            {
                LinuxError.Throw(error, "pwrite", $"scratch file in \"{folder}\", 4096");
            }

            var direct = OpenDirect(buffered, LibC.O_RDWR, write: true);
            // Sparse again; where the file system cannot, one page of zeros stays.
            _ = FileStatus.PunchHole(buffered, 0, AlignmentBytes);
            return new FileIo(new Opened(buffered, direct, lengthBytes) { Writable = true }, workers, ring);
        }
        catch
        {
            buffered.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes over the descriptor of a regular file that somebody else opened. On an exception the
    /// descriptor is closed.
    /// </summary>
    /// <param name="descriptor">The descriptor, owned by the result from here on.</param>
    /// <param name="writable">
    /// Whether requests may write; the descriptor must then be open for both.
    /// </param>
    /// <param name="workers">How many transfers run at once: 1 to <see cref="WorkersMax"/>.</param>
    /// <param name="ring">Whether an io_uring does them instead, where there can be one.</param>
    /// <exception cref="HmmException">
    /// EISDIR, EINVAL: not a regular file, or one opened for appending. EACCES: not open for
    /// reading, or for writing when asked for. EBADF: closed.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    public static FileIo Adopt(int descriptor, bool writable, int workers, bool ring = false)
    {
        Platform.Require();
        var buffered = new Descriptor(descriptor);
        try
        {
            CheckWorkers(workers);
            var status = FileStatus.Of(buffered);
            CheckKind(in status, descriptor);
            CheckAccess(buffered, descriptor, writable);
            var direct = OpenDirect(buffered, writable ? LibC.O_RDWR : LibC.O_RDONLY, write: false);
            return new FileIo(
                new Opened(buffered, direct, status.SizeBytes) { Writable = writable, LengthMayShrink = true },
                workers,
                ring);
        }
        catch
        {
            buffered.Dispose();
            throw;
        }
    }

    // What the factories found out.
    private readonly record struct Opened(Descriptor Buffered, Descriptor? Direct, ulong LengthBytes)
    {
        public bool Writable { get; init; }

        public bool LengthMayShrink { get; init; }

        public bool IsBlockDevice { get; init; }
    }

    private static void CheckWorkers(int workers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(workers, WorkersMax);
    }

    // The descriptor may come from a process that is not trusted: opening a FIFO again, or reading
    // one, would hang.
    private static void CheckKind(in FileStatus status, int descriptor)
    {
        if (status.IsFolder)
        {
            throw new HmmException(Errno.EISDIR, $"Descriptor {descriptor} is a folder; open a regular file.");
        }

        if (!status.IsRegularFile)
        {
            throw new HmmException(Errno.EINVAL, $"Descriptor {descriptor} is not a regular file; open one.");
        }
    }

    // Opening again through /proc checks the permissions of this process, not what the descriptor
    // allows: without this a client could have a file written, or read, that it could not open so
    // itself.
    private static void CheckAccess(Descriptor file, int descriptor, bool writable)
    {
        var flags = LibC.fcntl(file, LibC.F_GETFL, 0);
        var error = LinuxError.Last();
        if (flags < 0)
        {
            LinuxError.Throw(error, "fcntl", $"{descriptor}, F_GETFL");
        }

        var access = flags & LibC.O_ACCMODE;
        var readable = (flags & LibC.O_PATH) == 0 && access is LibC.O_RDONLY or LibC.O_RDWR;
        if (!readable || (writable && access != LibC.O_RDWR))
        {
            throw new HmmException(
                Errno.EACCES,
                $"Descriptor {descriptor} is not open for {(writable ? "reading and writing" : "reading")}; "
                    + "open the file so.");
        }

        if (writable && (flags & LibC.O_APPEND) != 0)
        {
            throw new HmmException(
                Errno.EINVAL,
                $"Descriptor {descriptor} appends, whatever the offset; open the file without O_APPEND.");
        }
    }

    private static Descriptor OpenScratch(string folder)
    {
        // O_EXCL: nobody may link the file to a path later.
        const int Flags = LibC.O_RDWR | LibC.O_EXCL | LibC.O_CLOEXEC;
        const uint OwnerOnly = 0x180; // 0600
        var descriptor = LibC.open(folder, LibC.O_TMPFILE | Flags, OwnerOnly);
        if (descriptor >= 0)
        {
            return new Descriptor(descriptor);
        }

        // Not every file system has O_TMPFILE, and kernels differ in how they say so; a named file
        // tells the true error.
        var name = string.Create(CultureInfo.InvariantCulture, $"hmm-{Environment.ProcessId}-{Guid.NewGuid():n}");
        var path = Path.Combine(folder, name);
        descriptor = LibC.open(path, LibC.O_CREAT | Flags, OwnerOnly);
        var error = LinuxError.Last();
        if (descriptor < 0)
        {
            LinuxError.Throw(error, "open", $"\"{path}\", O_CREAT", OpenCause(error, folder));
        }

        _ = LibC.unlink(path);
        return new Descriptor(descriptor);
    }

    // Null where O_DIRECT is not to be had, for whatever reason: the page cache serves then.
    private static Descriptor? OpenDirect(Descriptor buffered, int access, bool write)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{buffered.DangerousGetHandle()}");
        var descriptor = LibC.open(path, access | LibC.O_DIRECT | LibC.O_CLOEXEC, 0);
        if (descriptor < 0)
        {
            return null;
        }

        var direct = new Descriptor(descriptor);
        if ((!write || TryPage(direct, write: true) == Errno.None) && TryPage(direct, write: false) == Errno.None)
        {
            return direct;
        }

        direct.Dispose();
        return null;
    }

    // One aligned page at the start of the file, of zeros when written. Reading less than a page is
    // fine: a short file.
    private static unsafe Errno TryPage(Descriptor file, bool write)
    {
        // Safe because the page is freed only after the transfer, which is synchronous.
        var page = NativeMemory.AlignedAlloc(AlignmentBytes, AlignmentBytes);
        try
        {
            NativeMemory.Clear(page, AlignmentBytes);
            while (true)
            {
                var bytes = write
                    ? LibC.pwrite(file, (nint)page, AlignmentBytes, 0)
                    : LibC.pread(file, (nint)page, AlignmentBytes, 0);
                var error = LinuxError.Last();
                if (bytes >= 0)
                {
                    return write && bytes != AlignmentBytes ? Errno.ENOSPC : Errno.None;
                }

                if (!LinuxError.IsInterrupted(error))
                {
                    return error;
                }
            }
        }
        finally
        {
            NativeMemory.AlignedFree(page);
        }
    }

    private static string? OpenCause(Errno error, string folder) => error switch
    {
        Errno.ENOENT => $"the folder \"{folder}\" does not exist; create it or name another",
        OtherErrno.ENOTDIR => $"\"{folder}\" is not a folder; name one",
        Errno.EACCES or Errno.EPERM =>
            $"this user may not create files in \"{folder}\"; name another folder or grant write access",
        _ => null,
    };
}
