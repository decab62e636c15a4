// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Policies;

/// <summary>
/// A page of any range in one word: the range's id in the upper 24 bits, the page's number in the lower 40. Also the
/// reverse link of a frame to the page it holds. Zero names no page: range ids start at 1.
/// </summary>
internal readonly record struct PageToken(ulong Raw)
{
    /// <summary>The number of bits of a page's number: 2^40 pages of 4 KiB are 2^52 bytes.</summary>
    public const int PageBits = 40;

    /// <summary>The largest range id.</summary>
    public const uint RangeIdMax = (1u << 24) - 1;

    /// <summary>Makes the token of a page.</summary>
    public PageToken(uint rangeId, long page)
        : this(((ulong)rangeId << PageBits) | (ulong)page)
    {
    }

    /// <summary>The range's id.</summary>
    public uint RangeId => (uint)(Raw >> PageBits);

    /// <summary>The page's number in its range.</summary>
    public long Page => (long)(Raw & ((1UL << PageBits) - 1));
}
