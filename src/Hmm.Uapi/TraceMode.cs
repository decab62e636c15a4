// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>What a trace shall see.</summary>
public enum TraceMode : uint
{
    /// <summary>What the host does anyway: faults, fills, evictions. Costs hardly anything.</summary>
    Faults = 0,

    /// <summary>
    /// Nearly every use of a page: while it is recorded hardly any page stays in DRAM, and nothing is brought ahead, so
    /// that each use faults. Applications are much slower meanwhile.
    /// </summary>
    Full = 1,
}
