// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Physical;

/// <summary>What a frame is, beyond its reference count.</summary>
[Flags]
internal enum FrameFlags : byte
{
    /// <summary>Free.</summary>
    None = 0,

    /// <summary>
    /// Handed out, up to the return of the free hook: the driver word may be used.
    /// </summary>
    HandedOut = 1,

    /// <summary>
    /// Its device keeps it: when its last holder goes it is taken, not free.
    /// </summary>
    Kept = 2,
}
