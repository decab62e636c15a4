// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Core.Physical;

namespace Hmm.Core.Virtual;

/// <summary>
/// The one 64-bit word that is the truth about a page.
/// <code>
///   63                    24 23  20 19       8  7    6      5      4     3    0
///  | frame number (40)      | zero | pins (12) |data|queued|frame |pending| state |
/// </code>
/// Invariants: Dirty has no frame; pins > 0 only while resident (or while its owner works on a resident page); zero is
/// the entry of a page that was never touched, so that fresh table memory needs no initialization.
/// </summary>
internal readonly record struct PageEntry(ulong Raw)
{
    /// <summary>The most pins of a page: what 12 bits hold.</summary>
    public const int PinsMax = (1 << 12) - 1;

    private const ulong StateMask = 0xF;
    private const ulong PendingBit = 1UL << 4;
    private const ulong FrameBit = 1UL << 5;
    private const ulong QueuedBit = 1UL << 6;
    private const ulong DataBit = 1UL << 7;
    private const int PinsShift = 8;
    private const ulong PinsMask = (ulong)PinsMax << PinsShift;
    private const int FrameShift = 64 - Pfn.Bits;
    private const ulong FrameMask = FrameBit | ulong.MaxValue << FrameShift;

    /// <summary>Where the page is in its life.</summary>
    public PageState State => (PageState)(Raw & StateMask);

    /// <summary>Someone faulted while the owner worked: the owner wakes after it has published.</summary>
    public bool IsPending => (Raw & PendingBit) != 0;

    /// <summary>Whether the page has a frame of its own in device memory.</summary>
    public bool HasFrame => (Raw & FrameBit) != 0;

    /// <summary>Whether the reclaim queue holds a token of this page.</summary>
    public bool IsQueued => (Raw & QueuedBit) != 0;

    /// <summary>
    /// Whether somebody writes the page, so that it keeps its place even while it is zero: were it dropped for nothing
    /// and then written, the write could find no room, though the first touch did.
    /// </summary>
    public bool IsData => (Raw & DataBit) != 0;

    /// <summary>How many pins hold the page resident.</summary>
    public int Pins => (int)((Raw & PinsMask) >> PinsShift);

    /// <summary>The frame; meaningful only with <see cref="HasFrame"/>.</summary>
    public Pfn Frame => new(Raw >> FrameShift);

    /// <summary>Whether the page's bytes are in DRAM and nobody works on it.</summary>
    public bool IsResident => State is PageState.Clean or PageState.Dirty;

    /// <summary>Whether somebody owns the page's transition.</summary>
    public bool IsOwned => State is PageState.Busy or PageState.Evicting or PageState.Migrating;

    /// <summary>The same page in another state, nobody waiting.</summary>
    public PageEntry In(PageState state) => new((Raw & ~(StateMask | PendingBit)) | (ulong)state);

    /// <summary>The same page, with somebody waiting.</summary>
    public PageEntry WithPending() => new(Raw | PendingBit);

    /// <summary>The same page, with a token in the reclaim queue.</summary>
    public PageEntry WithQueued() => new(Raw | QueuedBit);

    /// <summary>The same page, written by somebody.</summary>
    public PageEntry WithData() => new(Raw | DataBit);

    /// <summary>The same page, which nobody has written.</summary>
    public PageEntry WithoutData() => new(Raw & ~DataBit);

    /// <summary>The same page, without a token in the reclaim queue.</summary>
    public PageEntry WithoutQueued() => new(Raw & ~QueuedBit);

    /// <summary>The same page, with its bytes in a frame.</summary>
    public PageEntry WithFrame(Pfn frame) => new((Raw & ~FrameMask) | FrameBit | (frame.Value << FrameShift));

    /// <summary>The same page, without a frame.</summary>
    public PageEntry WithoutFrame() => new(Raw & ~FrameMask);

    /// <summary>The same page, with another pin count.</summary>
    public PageEntry WithPins(int pins) => new((Raw & ~PinsMask) | ((ulong)pins << PinsShift));

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{State}{(IsPending ? "+pending" : "")}{(IsQueued ? "+queued" : "")}"
            + $"{(Pins > 0 ? $" pins {Pins}" : "")}{(HasFrame ? $" {Frame}" : "")}");
}
