// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;

namespace Hmm.Modules.Block;

/// <summary>
/// What a transfer's 64-bit tag says, so that nothing else is kept of it.
/// <code>
///   place: 32 bits | copy: 13 | first frame in it: 9 | frames - 1: 9 | write: 1
/// </code>
/// </summary>
/// <param name="Place">The first place.</param>
/// <param name="Copy">The number of the segment that it is a part of.</param>
/// <param name="First">Its first frame in the segment.</param>
/// <param name="Count">How many frames.</param>
/// <param name="Write">Whether they go to the file.</param>
internal readonly record struct TransferTag(uint Place, int Copy, int First, int Count, bool Write)
{
    /// <summary>
    /// The most copies under way. The core has 32 fills and 32 evictions of up to 64 segments: 4096.
    /// </summary>
    public const int CopiesMax = 1 << CopyBits;

    private const int CopyBits = 13;
    private const int FrameBits = 9;
    private const int FrameMask = CopyBatch.FramesMax - 1;

    /// <summary>The length in bytes.</summary>
    public int LengthBytes => Count << 12;

    public long Pack() => (long)(((ulong)Place << 32) | ((uint)Copy << ((2 * FrameBits) + 1))
        | ((uint)First << (FrameBits + 1)) | ((uint)(Count - 1) << 1) | (Write ? 1U : 0U));

    public static TransferTag Unpack(long tag) => new(
        (uint)(tag >> 32),
        (int)((uint)tag >> ((2 * FrameBits) + 1)),
        (int)(tag >> (FrameBits + 1)) & FrameMask,
        ((int)(tag >> 1) & FrameMask) + 1,
        (tag & 1) != 0);
}
