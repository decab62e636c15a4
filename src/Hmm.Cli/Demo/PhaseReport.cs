// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Cli.Demo;

/// <summary>What one phase cost.</summary>
/// <param name="Phase">Which.</param>
/// <param name="Seconds">Its time.</param>
/// <param name="Bytes">The bytes of the range that the program went through.</param>
/// <param name="Faults">Touches of absent pages that reached the host.</param>
/// <param name="Fills">Pages of 4 KiB brought into DRAM.</param>
/// <param name="Evictions">Pages of 4 KiB taken out of DRAM.</param>
internal sealed record PhaseReport(
    DemoPhase Phase, double Seconds, long Bytes, ulong Faults, ulong Fills, ulong Evictions)
{
    /// <summary>The difference of two readings of the counters.</summary>
    internal static PhaseReport Of(
        DemoPhase phase, TimeSpan elapsed, long bytes, in Statistics before, in Statistics after) => new(
            phase,
            elapsed.TotalSeconds,
            bytes,
            after.Faults - before.Faults,
            after.FilledPages - before.FilledPages,
            after.EvictedPages - before.EvictedPages);
}
