// SPDX-License-Identifier: MIT
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <content>
/// Opening a file or block device that has a path and that others may know. The kernel says whether somebody uses it:
/// a block device is opened exclusively (O_EXCL), which fails while it is mounted, swapped to, part of a volume or held
/// by another host; a file is locked.
/// </content>
public sealed partial class FileIo
{
    /// <summary>Opens an existing file or block device for reading and writing, and for nobody else.</summary>
    /// <param name="path">The path.</param>
    /// <param name="lengthBytes">
    /// For a file: it is made that long if it is shorter; a multiple of 4096. 0, and for a block device: as it is.
    /// </param>
    /// <param name="workers">How many transfers run at once: 1 to <see cref="WorkersMax"/>.</param>
    /// <param name="ring">Use an io_uring instead, where there is one and O_DIRECT works.</param>
    /// <exception cref="HmmException">
    /// EBUSY: it is mounted, or in use otherwise. ENOENT, EACCES, EROFS: it is not there, or may not be written.
    /// EINVAL: neither a regular file nor a block device, or shorter than a page. EFBIG: no file can be that long.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    public static FileIo OpenPath(string path, ulong lengthBytes, int workers, bool ring)
    {
        Platform.Require();
        ArgumentException.ThrowIfNullOrEmpty(path);
        CheckWorkers(workers);
        ArgumentOutOfRangeException.ThrowIfNotEqual(lengthBytes % AlignmentBytes, 0UL);

        // O_EXCL without O_CREAT means something for block devices only; O_NONBLOCK keeps a FIFO from hanging this.
        const int Flags = LibC.O_RDWR | LibC.O_EXCL | LibC.O_NONBLOCK | LibC.O_CLOEXEC;
        var descriptor = LibC.open(path, Flags, 0);
        var error = LinuxError.Last();
        if (descriptor < 0)
        {
            LinuxError.Throw(error, "open", $"\"{path}\", O_EXCL", error == Errno.EBUSY ? InUse(path) : null);
        }

        var buffered = new Descriptor(descriptor);
        try
        {
            var isBlockDevice = FileStatus.Of(buffered).IsBlockDevice;
            var length = isBlockDevice ? DeviceLength(buffered, path) : FileLength(buffered, path, lengthBytes);
            if (length < AlignmentBytes)
            {
                throw new HmmException(Errno.EINVAL, $"\"{path}\" is shorter than a page; give it a size.");
            }

            // Nothing may be written before the caller has seen whose it is.
            var direct = OpenDirect(buffered, LibC.O_RDWR, write: false);
            return new FileIo(
                new Opened(buffered, direct, length & ~(ulong)(AlignmentBytes - 1))
                {
                    Writable = true, LengthMayShrink = !isBlockDevice, IsBlockDevice = isBlockDevice,
                },
                workers,
                ring);
        }
        catch
        {
            buffered.Dispose();
            throw;
        }
    }

    private static string InUse(string path) =>
        $"\"{path}\" is mounted, or another program or host uses it; unmount it or name another";

    private static ulong FileLength(Descriptor file, string path, ulong lengthBytes)
    {
        var status = FileStatus.Of(file);
        if (!status.IsRegularFile)
        {
            throw new HmmException(
                Errno.EINVAL, $"\"{path}\" is neither a regular file nor a block device; name one.");
        }

        var locked = LibC.flock(file, LibC.LOCK_EX | LibC.LOCK_NB);
        var error = LinuxError.Last();
        if (locked < 0)
        {
            error = error == Errno.EAGAIN ? Errno.EBUSY : error;
            LinuxError.Throw(error, "flock", $"\"{path}\"", error == Errno.EBUSY ? InUse(path) : null);
        }

        if (status.SizeBytes >= lengthBytes)
        {
            return status.SizeBytes;
        }

        var result = LibC.ftruncate(file, (long)lengthBytes);
        error = LinuxError.Last();
        if (result < 0)
        {
            LinuxError.Throw(error, "ftruncate", $"\"{path}\", {lengthBytes}");
        }

        return lengthBytes;
    }

    private static unsafe ulong DeviceLength(Descriptor device, string path)
    {
        ulong length;

        // Safe because the kernel writes the eight bytes of this local.
        var result = LibC.ioctl(device, LibC.BLKGETSIZE64, &length);
        var error = LinuxError.Last();
        if (result < 0)
        {
            LinuxError.Throw(error, "ioctl", $"\"{path}\", BLKGETSIZE64");
        }

        return length;
    }

    private unsafe Errno Discard(ulong offset, ulong lengthBytes)
    {
        var span = stackalloc ulong[2] { offset, lengthBytes };
        while (true)
        {
            // Safe because the kernel reads the two numbers of this stack.
            var result = LibC.ioctl(_buffered, LibC.BLKDISCARD, span);
            var error = LinuxError.Last();
            if (result >= 0)
            {
                return Errno.None;
            }

            if (!LinuxError.IsInterrupted(error))
            {
                return error;
            }
        }
    }
}
