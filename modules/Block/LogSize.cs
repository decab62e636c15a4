// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Block;

/// <summary>
/// How much larger than its frames a file must be: a log that is full to the brim has nowhere to append. At 80 % there
/// is a hole in five places, and the cleaner finds segments that are worth it.
/// </summary>
internal static class LogSize
{
    private const ulong SegmentBytes = (ulong)Log.SegmentPages << 12;

    // For the two open segments and the cleaner's reserve, which hold few pages or none.
    private const ulong SpareSegments = 4;

    /// <summary>The least file that a device can be on: 16 MiB.</summary>
    public const ulong FileBytesMin = 2 * SpareSegments * SegmentBytes;

    /// <summary>The segments that a file holds.</summary>
    public static int SegmentsOf(ulong fileBytes) => (int)(fileBytes / SegmentBytes);

    /// <summary>The file for so many bytes of frames.</summary>
    public static ulong FileBytesFor(ulong frameBytes)
    {
        var segments = ((frameBytes + (frameBytes / 4) - 1) / SegmentBytes) + 1;
        return Math.Max((segments + SpareSegments) * SegmentBytes, FileBytesMin);
    }

    /// <summary>The frames that a file is large enough for, in bytes.</summary>
    public static ulong FrameBytesOf(ulong fileBytes) =>
        (((fileBytes / SegmentBytes) - SpareSegments) * SegmentBytes / 5 * 4) & ~4095UL;
}
