// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Physical;

/// <summary>
/// How far the teardown of a page map went. The order is law: each stage requires the one before
/// it.
/// </summary>
internal enum TeardownStage
{
    /// <summary>In service.</summary>
    Live,

    /// <summary>The lifetime reference is killed: no new gets.</summary>
    Killed,

    /// <summary>Every user is gone.</summary>
    Drained,

    /// <summary>The frames' metadata is gone.</summary>
    FramesRemoved,

    /// <summary>The index no longer has the map.</summary>
    Erased,

    /// <summary>The lifetime reference ended.</summary>
    Exited,

    /// <summary>The resources may be released.</summary>
    SpansLetGo,
}
