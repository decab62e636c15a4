// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Compressed;

/// <summary>
/// What a frame's driver word says: nothing; the 64-bit word that fills its page; or where the store keeps its page.
/// <code>
///   0                                                  nothing
///   top byte not 0                                     the page's word, combined with a constant
///   00 | span: 32 bits | slot: 12 | length: 12 bits    an object of the store
/// </code>
/// One word in 256, those whose top byte is 9E, has no place in this and is stored as an object.
/// </summary>
internal readonly record struct FrameWord(ulong Raw)
{
    /// <summary>The longest object: what 12 bits can say.</summary>
    public const int LengthMax = (1 << LengthBits) - 1;

    /// <summary>The most slots of a span.</summary>
    public const int SlotsMax = 1 << SlotBits;

    // The fraction of the golden ratio: no pattern that programs fill memory with has its top byte. Zero, all ones,
    // small numbers, pointers, common floating-point numbers and repeated bytes but one are values.
    private const ulong FillMask = 0x9E37_79B9_7F4A_7C15;
    private const int LengthBits = 12;
    private const int SlotBits = 12;
    private const int TopByteShift = 56;

    /// <summary>Whether the frame holds nothing.</summary>
    public bool IsEmpty => Raw == 0;

    /// <summary>Whether the page is one word over and over, <see cref="Fill"/>.</summary>
    public bool IsFill => Raw >> TopByteShift != 0;

    /// <summary>Whether the store keeps the page.</summary>
    public bool IsObject => !IsEmpty && !IsFill;

    /// <summary>The word that the page is filled with.</summary>
    public ulong Fill => Raw ^ FillMask;

    /// <summary>The span of the store.</summary>
    public uint Span => (uint)(Raw >> (LengthBits + SlotBits));

    /// <summary>The slot of the span.</summary>
    public int Slot => (int)(Raw >> LengthBits) & (SlotsMax - 1);

    /// <summary>The compressed bytes in the slot.</summary>
    public int Length => (int)Raw & LengthMax;

    /// <summary>Makes the word of an object.</summary>
    /// <param name="span">Its span.</param>
    /// <param name="slot">Its slot, below <see cref="SlotsMax"/>.</param>
    /// <param name="length">1 to <see cref="LengthMax"/>.</param>
    public static FrameWord OfObject(uint span, int slot, int length) =>
        new(((ulong)span << (LengthBits + SlotBits)) | ((ulong)(uint)slot << LengthBits) | (uint)length);

    /// <summary>
    /// Makes the word of a page that is filled with <paramref name="fill"/>; false for one in 256
    /// of them.
    /// </summary>
    public static bool TryOfFill(ulong fill, out FrameWord word)
    {
        word = new FrameWord(fill ^ FillMask);
        return word.IsFill;
    }
}
