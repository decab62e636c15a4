// SPDX-License-Identifier: MIT
using System.Buffers.Binary;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// A swap area of the kernel, on from <see cref="Enable"/> until it is disposed. Needs CAP_SYS_ADMIN. It is there to
/// measure the kernel's own paging of anonymous memory.
/// </summary>
/// <remarks>Thread-safety: one thread at a time.</remarks>
public sealed class SwapArea : IDisposable
{
    // include/linux/swap.h: the header is the first page: version, last page and the count of bad pages stand at 1024,
    // the signature ends the page.
    private const int HeaderOffset = 1024;
    private const int PageSizeBytes = 4096;
    private const int SwapFlagPrefer = 0x8000; // SWAP_FLAG_PREFER: the low 15 bits are a priority
    private const int Priority = 100;

    private readonly string _path; // immutable
    private bool _enabled; // Guarded by: owner thread

    private SwapArea(string path)
    {
        _path = path;
        _enabled = true;
    }

    /// <summary>Writes the header of a swap area into a file or a block device, and enables it.</summary>
    /// <param name="path">The file, without holes, or the device; what it holds is lost.</param>
    /// <param name="lengthBytes">Its length.</param>
    /// <exception cref="HmmException">
    /// EPERM: not allowed. EINVAL: the file has holes, or its file system has no swap files.
    /// </exception>
    public static SwapArea Enable(string path, ulong lengthBytes)
    {
        Platform.Require();
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfLessThan(lengthBytes, 10UL * PageSizeBytes);
        WriteHeader(path, lengthBytes);
        var result = LibC.swapon(path, SwapFlagPrefer | Priority);
        var error = LinuxError.Last();
        if (result < 0)
        {
            LinuxError.Throw(error, "swapon", $"\"{path}\"", error switch
            {
                Errno.EPERM => "swap needs CAP_SYS_ADMIN; run as root",
                Errno.EINVAL => "its file system cannot hold a swap file; name a folder on ext4 or xfs",
                _ => null,
            });
        }

        return new SwapArea(path);
    }

    /// <summary>Disables it: the kernel brings every page back first.</summary>
    public void Dispose()
    {
        if (!_enabled)
        {
            return;
        }

        _enabled = false;
        var result = LibC.swapoff(_path);
        var error = LinuxError.Last();
        if (result < 0)
        {
            LinuxError.Throw(error, "swapoff", $"\"{_path}\"");
        }
    }

    private static void WriteHeader(string path, ulong lengthBytes)
    {
        var header = new byte[PageSizeBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(HeaderOffset), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(
            header.AsSpan(HeaderOffset + 4), (uint)((lengthBytes / PageSizeBytes) - 1));
        "SWAPSPACE2"u8.CopyTo(header.AsSpan(PageSizeBytes - 10));
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.Write(file, header, 0);
        RandomAccess.FlushToDisk(file);
    }
}
