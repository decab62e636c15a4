// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Host.Tracing;

/// <summary>What a record tells; the numbers never change meaning.</summary>
internal enum TraceKind : byte
{
    /// <summary>No record.</summary>
    None = 0,

    /// <summary>A thread touched an absent page, or one that is just coming.</summary>
    Fault = 1,

    /// <summary>A thread wrote to a page that was present and write-protected.</summary>
    FirstWrite = 2,

    /// <summary>Neighbours came into DRAM.</summary>
    Filled = 3,

    /// <summary>Neighbours left DRAM.</summary>
    Evicted = 4,

    /// <summary>The contents of neighbours were dropped.</summary>
    Dropped = 5,

    /// <summary>The range of the page was closed; its number may come again for another one.</summary>
    Closed = 6,

    /// <summary>Neighbours were in DRAM when the recording began.</summary>
    Present = 7,

    /// <summary>The application said that neighbours would be touched.</summary>
    Hinted = 8,

    /// <summary>The application said how the range is accessed: the count is the advice.</summary>
    Advised = 9,

    /// <summary>Whoever records put a mark here: what counts begins.</summary>
    Mark = 10,
}
