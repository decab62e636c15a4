// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Modules.Block;

/// <summary>
/// The first page of a file or block device that has a path: it says that what follows is a host's scratch, of value to
/// nobody once that host is gone. A page of zeros is a new one; anything else is somebody's.
/// </summary>
internal static unsafe class Label
{
    /// <summary>Room for it, so that segments stay aligned: 2 MiB.</summary>
    public const ulong RoomBytes = (ulong)Log.SegmentPages * PageBytes;

    private const int PageBytes = 4096;

    private static ReadOnlySpan<byte> Text => "Hmm.NET block device: scratch of a host, may be overwritten\n"u8;

    /// <summary>Checks whose a file is, and marks it as ours.</summary>
    /// <exception cref="HmmException">EEXIST: it holds something else. And what the device says.</exception>
    public static void Claim(FileIo file, string path, bool force)
    {
        ArgumentNullException.ThrowIfNull(file);

        // Safe because the page is freed only after the transfers, which are waited for.
        var page = NativeMemory.AlignedAlloc(PageBytes, PageBytes);
        try
        {
            using var transfer = new SyncTransfer();
            var bytes = new Span<byte>(page, PageBytes);
            bytes.Clear();
            Require(Run(file, transfer, page, write: false), "read", path);
            var isNew = bytes.IndexOfAnyExcept((byte)0) < 0;
            if (!isNew && !bytes.StartsWith(Text) && !force)
            {
                throw new HmmException(
                    Errno.EEXIST,
                    $"\"{path}\" holds something that is not Hmm.NET's; name another, or add force=true to "
                        + "overwrite it.");
            }

            bytes.Clear();
            Text.CopyTo(bytes);
            Require(Run(file, transfer, page, write: true), "written", path);
        }
        finally
        {
            NativeMemory.AlignedFree(page);
        }
    }

    private static Errno Run(FileIo file, SyncTransfer transfer, void* page, bool write)
    {
        transfer.Begin();
        file.Submit(new FileIoRequest(write, 0, (nint)page, PageBytes, transfer, PageBytes));
        return transfer.End();
    }

    private static void Require(Errno error, string what, string path)
    {
        if (error != Errno.None)
        {
            throw new HmmException(error, $"The first page of \"{path}\" cannot be {what} ({error}); check the disk.");
        }
    }
}
