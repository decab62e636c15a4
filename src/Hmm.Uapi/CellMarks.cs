// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>What at least one page of a residency cell is.</summary>
[Flags]
public enum CellMarks : byte
{
    /// <summary>Nothing special.</summary>
    None = 0,

    /// <summary>Pinned.</summary>
    Pinned = 1 << 0,

    /// <summary>Poisoned.</summary>
    Poisoned = 1 << 1,

    /// <summary>On its way in, out, or between devices.</summary>
    Moving = 1 << 2,
}
