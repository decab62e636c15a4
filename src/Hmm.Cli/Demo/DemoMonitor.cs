// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Cli.Demo;

/// <summary>What presenters look at while a demo runs. Callable from any thread.</summary>
internal sealed class DemoMonitor(IDemoRange range, DemoProgress progress, ResidencySampler sampler)
{
    /// <summary>Everything but the map, of about one moment.</summary>
    internal DemoSnapshot Snapshot()
    {
        var (phase, done, total, elapsed) = progress.Read();
        return new DemoSnapshot(phase, done, total, elapsed, range.ResidentBytes, sampler.PeakBytes, range.Statistics);
    }

    /// <summary>Where the pages are.</summary>
    internal ResidencyCell[] Residency(int cells) => range.Residency(cells);
}
