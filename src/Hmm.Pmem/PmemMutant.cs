// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Pmem;

/// <summary>
/// Deliberately broken variants of a commit. Each loses data in some crash; the crash tests must catch them, or they
/// prove nothing. Never set outside tests.
/// </summary>
public enum PmemMutant
{
    /// <summary>The protocol as it must be.</summary>
    None = 0,

    /// <summary>The root is written before what it names is durable.</summary>
    RootBeforeSync = 1,

    /// <summary>A commit does not wait for its root: frames of dropped checkpoints are used again early.</summary>
    NoSyncAfterRoot = 2,

    /// <summary>Frames of a dropped checkpoint are free one root early: the root before still names them.</summary>
    FreeTooEarly = 3,
}
