// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>What a span of the host's physical address space is.</summary>
public enum ResourceKind : uint
{
    /// <summary>Reserved: handed to nobody.</summary>
    Reserved = 0,

    /// <summary>The DRAM pool.</summary>
    SystemRam = 1,

    /// <summary>Device memory that the CPU cannot map.</summary>
    DevicePrivate = 2,

    /// <summary>Device memory that the CPU can map.</summary>
    DeviceCoherent = 3,

    /// <summary>Memory of a peer-to-peer provider.</summary>
    PeerMemory = 4,

    /// <summary>A node that only groups others.</summary>
    Group = 5,
}
