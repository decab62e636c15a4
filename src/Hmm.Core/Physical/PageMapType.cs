// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Physical;

/// <summary>
/// What the frames of a page map are. The numbers are Linux's; 0 is reserved, to catch what nobody
/// set.
/// </summary>
public enum PageMapType
{
    /// <summary>
    /// Device memory that the CPU cannot map: a touch faults and brings the page back.
    /// </summary>
    Private = 1,

    /// <summary>Device memory that the CPU reaches coherently, at a linear address.</summary>
    Coherent = 2,

    /// <summary>Memory for a driver's own use: pages of ranges never live here.</summary>
    Generic = 4,

    /// <summary>A window of a device that peers reach without a stop in DRAM.</summary>
    Peer = 5,
}
