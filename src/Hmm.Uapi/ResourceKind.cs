// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>
/// What a span of the host's physical address space is made of: the counterpart of Linux's resource
/// descriptors.
/// </summary>
public enum ResourceKind : uint
{
    /// <summary>Kept free of everything else.</summary>
    Reserved = 0,

    /// <summary>The DRAM pool, which the host hands out itself; no page map may touch it.</summary>
    SystemRam = 1,

    /// <summary>Device memory that the CPU cannot map.</summary>
    DevicePrivate = 2,

    /// <summary>Device memory that the CPU can map, coherently.</summary>
    DeviceCoherent = 3,

    /// <summary>A window of a device that other devices reach without a stop in DRAM.</summary>
    PeerMemory = 4,

    /// <summary>Anything else that a driver names, such as a mapped file.</summary>
    Generic = 5,
}
