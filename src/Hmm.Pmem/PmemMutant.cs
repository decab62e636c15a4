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

    /// <summary>A commit does not wait for its root: the frames of dropped checkpoints are used again too early.</summary>
    NoSyncAfterRoot = 2,

    /// <summary>Frames of a dropped checkpoint are free one root too early, while the root before still names them.</summary>
    FreeTooEarly = 3,
}
