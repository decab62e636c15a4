// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>
/// Why the state of a module, or of the host, is not what its developers vouch for. Bits and letters are Linux's.
/// </summary>
[Flags]
internal enum Taint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>P: the licence is not GPL-compatible, or exports of such a module are used.</summary>
    Proprietary = 1 << 0,

    /// <summary>F: loaded by force, in spite of another contract version.</summary>
    Forced = 1 << 1,

    /// <summary>W: a warning was raised: a hook misbehaved, an init or exit hung or failed to undo.</summary>
    Warning = 1 << 9,

    /// <summary>O: not built with the host: loaded from a folder that is not in-tree.</summary>
    OutOfTree = 1 << 12,

    /// <summary>E: neither a strong name nor a known hash.</summary>
    Unsigned = 1 << 13,
}
