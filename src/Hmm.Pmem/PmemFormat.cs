// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Pmem;

/// <summary>The numbers of the format; <c>docs/reference/pmem-format.md</c> describes it.</summary>
public static class PmemFormat
{
    /// <summary>The version that this code reads and writes.</summary>
    public const uint Version = 1;

    /// <summary>log2 of a frame's bytes.</summary>
    public const int FrameShift = 12;

    /// <summary>The unit of everything: 4096 bytes.</summary>
    public const int FrameBytes = 1 << FrameShift;

    /// <summary>Frames 0 and 1 are the root slots.</summary>
    public const int SlotCount = 2;

    /// <summary>A node is as many pointers as fit a frame: 256.</summary>
    public const int NodePointers = FrameBytes / FramePointer.SizeBytes;

    /// <summary>log2 of <see cref="NodePointers"/>.</summary>
    public const int NodeShift = 8;

    /// <summary>A file has at least 1 MiB.</summary>
    public const ulong FramesMin = 256;

    /// <summary>Frame numbers have 40 bits, as the core's have.</summary>
    public const ulong FramesMax = 1UL << 40;

    /// <summary>The fewest checkpoints of a range that can be kept.</summary>
    public const int KeptMin = 1;

    /// <summary>The most checkpoints of a range that can be kept.</summary>
    public const int KeptMax = 64;

    /// <summary>The offset of a frame.</summary>
    public static ulong OffsetOf(ulong frame) => frame << FrameShift;

    /// <summary>How many levels of nodes a table of so many pages has: 1 to 5.</summary>
    public static int LevelsFor(long pageCount)
    {
        var levels = 1;
        while (pageCount > 1L << (levels * NodeShift))
        {
            levels++;
        }

        return levels;
    }

    /// <summary>The error of a file that cannot be what it should be.</summary>
    internal static HmmException Damaged(IPmemFile file, string what) =>
        new(Errno.EIO, $"\"{file.Name}\" is damaged: {what}; 'hmm pmem check' says what is left.");
}
