// SPDX-License-Identifier: GPL-2.0-or-later
using System.Numerics;
using Hmm.Core.Physical;

namespace Hmm.Modules.Block;

/// <summary>
/// CRC32C of one frame, over four interleaved quarters: the instruction has a latency of three cycles and a throughput
/// of one, so one chain would leave two thirds of it unused. The four sums are folded into one by a fifth.
/// </summary>
internal static unsafe class Checksum
{
    private const int Words = Pfn.SizeBytes / sizeof(ulong);
    private const int Quarter = Words / 4;

    /// <summary>The checksum of the 4096 bytes at an address aligned to 8.</summary>
    public static uint OfFrame(nint address)
    {
        // Safe because the caller passes a whole frame of a segment's buffer.
        var words = (ulong*)address;
        uint a = 0, b = 0, c = 0, d = 0;
        for (var i = 0; i < Quarter; i++)
        {
            a = BitOperations.Crc32C(a, words[i]);
            b = BitOperations.Crc32C(b, words[i + Quarter]);
            c = BitOperations.Crc32C(c, words[i + (2 * Quarter)]);
            d = BitOperations.Crc32C(d, words[i + (3 * Quarter)]);
        }

        return BitOperations.Crc32C(BitOperations.Crc32C(a, ((ulong)b << 32) | c), d);
    }
}
