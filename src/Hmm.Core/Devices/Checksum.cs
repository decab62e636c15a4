// SPDX-License-Identifier: GPL-2.0-or-later
using System.Numerics;
using Hmm.Core.Modules;
using Hmm.Core.Physical;

namespace Hmm.Core.Devices;

/// <summary>
/// The checksum that drivers keep of each page they hold: CRC32C of one frame, over four
/// interleaved quarters: the instruction has a latency of three cycles and a throughput of one, so
/// one chain would leave two thirds of it unused. The four sums are folded into one by a fifth.
/// </summary>
[ExportSymbol]
public static unsafe class Checksum
{
    private const int Words = Pfn.SizeBytes / sizeof(ulong);
    private const int Quarter = Words / 4;

    /// <summary>The checksum of one frame's bytes.</summary>
    /// <param name="address">The first of 4096 readable bytes, aligned to 8.</param>
    /// <returns>The checksum; the same on every machine of this byte order.</returns>
    public static uint OfFrame(nint address)
    {
        // Safe because the caller passes a whole frame: of a segment's buffer, or of its own memory.
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
