// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;

namespace Hmm.Modules.Block;

/// <summary>What is kept of a segment while its transfers are under way.</summary>
/// <remarks>Guarded by: atomic, each; written by whoever begins the copy, before its transfers.</remarks>
internal struct CopyState
{
    /// <summary>Transfers that are not complete.</summary>
    public int Remaining;

    /// <summary>The error of one that failed.</summary>
    public int Error;

    /// <summary>The batch that its pages go to as they are kept; null: they are decoded.</summary>
    public PeerBatch? Peers;

    /// <summary>Its segment in that.</summary>
    public int Index;
}
