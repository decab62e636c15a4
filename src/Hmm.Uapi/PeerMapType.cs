// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>
/// How pages go from one device to another: the counterpart of Linux's map types of peer-to-peer DMA.
/// </summary>
public enum PeerMapType : uint
{
    /// <summary>They do not: one end holds persistent ranges only (PCI_P2PDMA_MAP_NOT_SUPPORTED).</summary>
    None = 0,

    /// <summary>As they are kept, neither decoded nor encoded again (PCI_P2PDMA_MAP_BUS_ADDR).</summary>
    Direct = 1,

    /// <summary>
    /// Through a bounce buffer: read as an application would, and written (PCI_P2PDMA_MAP_THRU_HOST_BRIDGE).
    /// </summary>
    Bounced = 2,
}
