// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>The type of a page map, as Query reports it.</summary>
public enum PageMapType : uint
{
    /// <summary>The CPU cannot map it; a touch migrates the page (MEMORY_DEVICE_PRIVATE).</summary>
    Private = 0,

    /// <summary>The CPU can map it (MEMORY_DEVICE_COHERENT).</summary>
    Coherent = 1,

    /// <summary>Plain metadata without migration (MEMORY_DEVICE_GENERIC).</summary>
    Generic = 2,

    /// <summary>Peer-to-peer memory (MEMORY_DEVICE_PCI_P2PDMA).</summary>
    Peer = 3,
}
