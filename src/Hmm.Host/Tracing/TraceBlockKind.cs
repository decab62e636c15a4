// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Host.Tracing;

/// <summary>What a block of a trace holds; the numbers never change meaning.</summary>
internal enum TraceBlockKind : uint
{
    /// <summary>Records, in the order in which they happened.</summary>
    Records = 1,

    /// <summary>One range, before the first record of its pages.</summary>
    Range = 2,

    /// <summary>The totals, at the end.</summary>
    End = 3,
}
