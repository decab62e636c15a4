// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Cli.Demo;

/// <summary>A running demo at one moment.</summary>
/// <param name="Phase">What it does.</param>
/// <param name="DoneBytes">Bytes of the phase done.</param>
/// <param name="TotalBytes">Bytes of the phase expected, at least 1.</param>
/// <param name="Elapsed">Time in the phase.</param>
/// <param name="ResidentBytes">DRAM in use, as the kernel counts it.</param>
/// <param name="PeakResidentBytes">The largest reading of it so far.</param>
/// <param name="Statistics">The host's counters.</param>
internal readonly record struct DemoSnapshot(
    DemoPhase Phase,
    long DoneBytes,
    long TotalBytes,
    TimeSpan Elapsed,
    ulong ResidentBytes,
    ulong PeakResidentBytes,
    Statistics Statistics)
{
    /// <summary>0 to 1.</summary>
    internal double Share => (double)DoneBytes / TotalBytes;

    /// <summary>Bytes of the phase per second, on average.</summary>
    internal double BytesPerSecond => DoneBytes / Math.Max(Elapsed.TotalSeconds, 1e-3);
}
