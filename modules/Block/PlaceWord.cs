// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Block;

/// <summary>
/// What a frame's driver word says: where its page is and the checksum of what is stored there.
/// <code>
///   place + 1: 32 bits | CRC32C: 32 bits      0: nothing
/// </code>
/// Of a place that holds a <see cref="PagePack"/> the checksum is inverted: so it says which of the two is there, and
/// a place that is neither is as sure to be found.
/// </summary>
internal readonly record struct PlaceWord(ulong Raw)
{
    /// <summary>The most places: what 32 bits can count, 16 TiB of pages.</summary>
    public const long PlacesMax = uint.MaxValue - 1;

    public PlaceWord(uint place, uint checksum)
        : this(((place + 1UL) << 32) | checksum)
    {
    }

    /// <summary>Nothing was ever written to the frame.</summary>
    public bool IsEmpty => Raw == 0;

    /// <summary>The place; of a word that is not empty.</summary>
    public uint Place => (uint)(Raw >> 32) - 1;

    /// <summary>The checksum of the stored bytes, or its inverse.</summary>
    public uint Checksum => (uint)Raw;

    /// <summary>Whether these are the stored bytes, by their checksum.</summary>
    /// <param name="checksum">The checksum of what was read.</param>
    /// <param name="isPack">Whether they are a <see cref="PagePack"/>, and not a page.</param>
    public bool Matches(uint checksum, out bool isPack)
    {
        isPack = Checksum == ~checksum;
        return isPack || Checksum == checksum;
    }
}
