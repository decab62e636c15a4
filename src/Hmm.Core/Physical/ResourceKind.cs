// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Physical;

/// <summary>
/// What a <see cref="Resource"/> is made of: the counterpart of Linux's resource descriptors.
/// </summary>
public enum ResourceKind
{
    /// <summary>DRAM that the host hands out itself; no page map may touch it.</summary>
    SystemRam,

    /// <summary>Device memory that the CPU cannot map.</summary>
    DevicePrivate,

    /// <summary>Device memory that the CPU can map, coherently.</summary>
    DeviceCoherent,

    /// <summary>A window of a device that other devices reach without a stop in DRAM.</summary>
    PeerMemory,

    /// <summary>Numbers kept free of everything else.</summary>
    Reserved,

    /// <summary>Anything else that a driver names.</summary>
    Generic,
}
