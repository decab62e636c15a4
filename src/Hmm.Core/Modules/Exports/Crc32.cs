// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;

namespace Hmm.Core.Modules.Exports;

/// <summary>
/// CRC-32 (IEEE 802.3, reflected, polynomial 0xEDB88320) of text: the first column of <c>Module.symvers</c>, as
/// genksyms computes it over a declaration.
/// </summary>
internal static class Crc32
{
    private const uint Polynomial = 0xedb88320;

    public static uint Of(string text)
    {
        var crc = uint.MaxValue;
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            crc ^= octet;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ Polynomial;
            }
        }

        return ~crc;
    }
}
