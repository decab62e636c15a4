// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Migration;

/// <summary>
/// Deliberately broken variants of the protocol. Each loses data, or a thread; the tests that would catch a
/// broken protocol must catch these, or they prove nothing. Never set outside tests.
/// </summary>
internal enum Mutant
{
    /// <summary>The protocol as it must be.</summary>
    None = 0,

    /// <summary>A dirty page is read without being write-protected first: writes after the read are lost.</summary>
    EvictWithoutProtect = 1,

    /// <summary>
    /// A page is published as dirty before it is unprotected, not after: an eviction protects and reads it in between,
    /// then the late unprotect lets writes through that the punch throws away.
    /// </summary>
    DirtyBeforeUnprotect = 2,

    /// <summary>A checkpoint takes its cut while pages become writable: a write is in, and one before is not.</summary>
    CutWithoutFreeze = 3,

    /// <summary>
    /// The frames of a write that missed its deadline are freed, and the device still writes to them.
    /// </summary>
    FreeFramesOfLateWrites = 4,

    /// <summary>A fault that waits does not look again for DRAM that was freed before it was known to wait.</summary>
    WaitWithoutLookingAgain = 5,

    /// <summary>Whoever frees DRAM while the only waiter is being served tells nobody.</summary>
    ForgetServedWaiter = 6,

    /// <summary>Pages whose fault failed for want of DRAM are not made whole once there is some.</summary>
    ForgetStarved = 7,
}
