// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Cli.Bench.Spaces;

/// <summary>
/// Memory to run a pattern on: a range of ours, or memory that the kernel pages. Patterns touch it through its address,
/// so that nothing stands between a pattern and the fault that it measures.
/// </summary>
internal interface IBenchSpace : IDisposable
{
    /// <summary>The first byte.</summary>
    nint Address { get; }

    /// <summary>How many pages of 4 KiB.</summary>
    long Pages { get; }

    /// <summary>The DRAM that its pages take now, as the kernel counts it; 0 where that is not to be had.</summary>
    ulong ResidentBytes { get; }

    /// <summary>The counters of our host; zeros for the kernel's memory.</summary>
    Statistics Statistics { get; }

    /// <summary>The process that serves its faults, 0 for the kernel.</summary>
    int HostProcessId { get; }

    /// <summary>Says which words will be touched next. Only our range listens.</summary>
    /// <param name="words">Their indexes.</param>
    void Prefetch(ReadOnlySpan<long> words)
    {
    }

    /// <summary>What is measured begins here: a trace, where one is recorded, gets a mark.</summary>
    void BeginMeasuring()
    {
    }

    /// <summary>What is measured is over.</summary>
    /// <param name="accesses">How many pages were accessed.</param>
    void EndMeasuring(long accesses)
    {
    }

    /// <summary>Has all that was written reach its file, where there is one.</summary>
    void Flush();
}
