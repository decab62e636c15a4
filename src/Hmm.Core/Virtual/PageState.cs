// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Virtual;

/// <summary>
/// The state of one page of a range. Three are stable and may be changed by whoever wins the compare-and-swap; the
/// others have one owner, who alone leaves them, and everyone else may only set the pending bit.
/// </summary>
/// <remarks>
/// <code>
///             fault                          first write
///   Absent ----------> Busy ----> Clean ----------> Busy ----> Dirty
///     ^  ^              ^  (installed write-protected)           |
///     |  |              +---- write fault: installed writable ---+
///     |  +-------- Evicting &lt;-------- Clean                      |
///     |               (punched)                                  |
///     +------------ Evicting &lt;----------------------------------+
///                     (protected, read, written to its device, punched)
///   Absent &lt;-> Migrating (from device to device)    Busy -> Poisoned (its device could not return it)
/// </code>
/// </remarks>
internal enum PageState
{
    /// <summary>
    /// Not in DRAM. Its bytes are in its frame; with no frame, in its home frame; with neither,
    /// zero. Stable.
    /// </summary>
    Absent = 0,

    /// <summary>An install or an unprotect is in flight. Owned.</summary>
    Busy = 1,

    /// <summary>In DRAM, write-protected, equal to its frame, home frame or zero. Stable.</summary>
    Clean = 2,

    /// <summary>In DRAM, newer than anything else. It has no frame. Stable.</summary>
    Dirty = 3,

    /// <summary>Being written to its device or discarded. Owned.</summary>
    Evicting = 4,

    /// <summary>Moving from one device to another without being in DRAM. Owned.</summary>
    Migrating = 5,

    /// <summary>Its device could not return it: a touch is an error. Its frame is kept. Stable.</summary>
    Poisoned = 6,
}
