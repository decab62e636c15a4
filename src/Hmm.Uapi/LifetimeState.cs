// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>Where a device or a page map is in its life, as Query reports it.</summary>
public enum LifetimeState : uint
{
    /// <summary>In use.</summary>
    Live = 0,

    /// <summary>Being removed: its pages are brought elsewhere, nothing new goes to it.</summary>
    Removing = 1,

    /// <summary>Removed, and waiting for its last user.</summary>
    Draining = 2,

    /// <summary>
    /// It has not answered by its deadline: nothing is written to it until it does, and what it holds may not come.
    /// </summary>
    Failing = 3,
}
