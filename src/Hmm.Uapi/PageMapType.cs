// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>
/// What the frames of a page map are. The numbers are Linux's; 0 is reserved, to catch what nobody
/// set.
/// </summary>
public enum PageMapType : uint
{
    /// <summary>
    /// Device memory that the CPU cannot map: a touch faults and brings the page back
    /// (MEMORY_DEVICE_PRIVATE).
    /// </summary>
    Private = 1,

    /// <summary>Device memory that the CPU reaches coherently, at a linear address (MEMORY_DEVICE_COHERENT).</summary>
    Coherent = 2,

    /// <summary>Memory that pages are not sent to: a mapped file, or a driver's own (MEMORY_DEVICE_GENERIC).</summary>
    Generic = 4,

    /// <summary>A window of a device that peers reach without a stop in DRAM (MEMORY_DEVICE_PCI_P2PDMA).</summary>
    Peer = 5,
}
