// SPDX-License-Identifier: MIT
using System.Globalization;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// A file or block device that this process alone works with: opened, locked (flock) and reached by synchronous
/// transfers. The lock ends with the holder, however that ends, and the kernel tells who has it.
/// </summary>
/// <remarks>Thread-safety: every member from any thread; transfers that overlap are the caller's affair.</remarks>
public sealed class HeldFile : IDisposable
{
    private const uint OwnerOnly = 0x180; // 0600

    private readonly Descriptor _file; // Guarded by: immutable

    private HeldFile(Descriptor file, string path)
    {
        _file = file;
        Path = path;
    }

    /// <summary>The path that it was opened by.</summary>
    public string Path { get; }

    /// <summary>The length in bytes; that of the medium for a block device.</summary>
    /// <exception cref="HmmException">The system's error.</exception>
    public ulong LengthBytes
    {
        get
        {
            // The file position is moved, which harms nobody: every transfer names its own offset.
            var end = LibC.lseek(_file, 0, LibC.SEEK_END);
            var error = LinuxError.Last();
            if (end < 0)
            {
                LinuxError.Throw(error, "lseek", $"\"{Path}\", SEEK_END");
            }

            return (ulong)end;
        }
    }

    /// <summary>Opens a file that exists and takes its lock.</summary>
    /// <param name="path">A regular file or a block device.</param>
    /// <param name="writable">Whether it will be written.</param>
    /// <exception cref="HmmException">
    /// ENOENT, EACCES, EISDIR: it cannot be opened. EBUSY: another holds it; the sentence names the process.
    /// </exception>
    public static HeldFile Open(string path, bool writable) =>
        Hold(path, (writable ? LibC.O_RDWR : LibC.O_RDONLY) | LibC.O_CLOEXEC);

    /// <summary>Creates an empty file that nobody else may read, and takes its lock.</summary>
    /// <param name="path">Where nothing is yet.</param>
    /// <exception cref="HmmException">EEXIST: something is there. And what the system says.</exception>
    public static HeldFile Create(string path) =>
        Hold(path, LibC.O_RDWR | LibC.O_CREAT | LibC.O_EXCL | LibC.O_CLOEXEC);

    /// <summary>Sets the length; what is new reads as zeros and takes no room yet.</summary>
    /// <exception cref="HmmException">EFBIG, EINVAL: the file system has no files of that length.</exception>
    public void SetLength(ulong lengthBytes)
    {
        var result = LibC.ftruncate(_file, (long)lengthBytes);
        var error = LinuxError.Last();
        if (result < 0)
        {
            LinuxError.Throw(error, "ftruncate", $"\"{Path}\", {lengthBytes}");
        }
    }

    /// <summary>Reads bytes, all of them.</summary>
    /// <returns><see cref="Errno.None"/>, or why not; <see cref="Errno.EIO"/>: the file ends before.</returns>
    public unsafe Errno Read(ulong offset, Span<byte> buffer)
    {
        // Safe because the span is pinned until the transfer, which is synchronous, is over.
        fixed (byte* start = buffer)
        {
            return Transfer(write: false, offset, (nint)start, buffer.Length);
        }
    }

    /// <summary>Writes bytes, all of them.</summary>
    /// <returns><see cref="Errno.None"/>, or why not; a part may have been written then.</returns>
    public unsafe Errno Write(ulong offset, ReadOnlySpan<byte> buffer)
    {
        // Safe for the same reason.
        fixed (byte* start = buffer)
        {
            return Transfer(write: true, offset, (nint)start, buffer.Length);
        }
    }

    /// <summary>Waits until everything that was written is on the medium (fdatasync).</summary>
    public Errno Sync()
    {
        while (true)
        {
            var result = LibC.fdatasync(_file);
            var error = LinuxError.Last();
            if (result == 0)
            {
                return Errno.None;
            }

            if (!LinuxError.IsInterrupted(error))
            {
                return error;
            }
        }
    }

    /// <summary>Maps the file to be read.</summary>
    /// <param name="synchronous">
    /// Only where the file is memory itself (DAX), which the kernel says by granting MAP_SYNC; no path or mount option
    /// has to be trusted.
    /// </param>
    /// <returns>Null: it is not, or it cannot be mapped.</returns>
    public FileMapping? TryMap(bool synchronous)
    {
        var length = (nuint)LengthBytes;
        var flags = synchronous ? LibC.MAP_SHARED_VALIDATE | LibC.MAP_SYNC : LibC.MAP_SHARED;

        // Written to by transfers only, but MAP_SYNC is for mappings that could be.
        var address = LibC.mmap(0, length, LibC.PROT_READ | LibC.PROT_WRITE, flags, _file, 0);
        return address == LibC.MAP_FAILED ? null : new FileMapping(address, length);
    }

    /// <summary>Gives the lock and the file back.</summary>
    public void Dispose() => _file.Dispose();

    private static HeldFile Hold(string path, int flags)
    {
        Platform.Require();
        ArgumentException.ThrowIfNullOrEmpty(path);
        var descriptor = LibC.open(path, flags, OwnerOnly);
        var error = LinuxError.Last();
        if (descriptor < 0)
        {
            LinuxError.Throw(error, "open", $"\"{path}\"");
        }

        var file = new Descriptor(descriptor);
        try
        {
            if (FileStatus.Of(file).IsFolder)
            {
                throw new HmmException(Errno.EISDIR, $"\"{path}\" is a folder; name a file.");
            }

            while (LibC.flock(file, LibC.LOCK_EX | LibC.LOCK_NB) < 0)
            {
                error = LinuxError.Last();
                if (error == Errno.EAGAIN)
                {
                    throw new HmmException(
                        Errno.EBUSY,
                        $"\"{path}\" is held by {HolderOf(file)}; end that, or use another file.");
                }

                if (!LinuxError.IsInterrupted(error))
                {
                    LinuxError.Throw(error, "flock", $"\"{path}\"", "this file system has no locks; choose another");
                }
            }

            return new HeldFile(file, path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Who has the lock, from /proc/locks, which lists locks by device and inode with their process.</summary>
    private static string HolderOf(Descriptor file)
    {
        var (major, minor, number) = FileStatus.Of(file).Identity;
        var identity = string.Create(CultureInfo.InvariantCulture, $"{major:x2}:{minor:x2}:{number}");
        try
        {
            foreach (var line in File.ReadLines("/proc/locks"))
            {
                // 1: FLOCK  ADVISORY  WRITE 1234 fe:00:131077 0 EOF
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length > 5 && words[1] == "FLOCK" && words[5] == identity)
                {
                    return $"process {words[4]}{NameOf(words[4])}";
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A sandbox without /proc: then nobody can say who it is.
        }

        return "another process";
    }

    private static string NameOf(string process)
    {
        try
        {
            return $" ({File.ReadAllText($"/proc/{process}/comm").TrimEnd()})";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return string.Empty;
        }
    }

    private Errno Transfer(bool write, ulong offset, nint buffer, int length)
    {
        for (var done = 0; done < length;)
        {
            var bytes = write
                ? LibC.pwrite(_file, buffer + done, (nuint)(length - done), (long)offset + done)
                : LibC.pread(_file, buffer + done, (nuint)(length - done), (long)offset + done);
            var error = LinuxError.Last();
            if (bytes > 0)
            {
                done += (int)bytes;
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
}
