// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;

namespace Hmm.Core.Migration;

/// <summary>What a memory manager is made of.</summary>
internal sealed record MemoryManagerOptions
{
    /// <summary>The DRAM that all ranges may use together, in bytes; at least 2 MiB.</summary>
    public required ulong BudgetBytes { get; init; }

    /// <summary>
    /// Frames that may be taken beyond the budget for a moment, to change places with pages on a full device; one
    /// largest page by default.
    /// </summary>
    public long OverdraftFrames { get; init; } = CopyBatch.FramesMax;

    /// <summary>The host's physical address space.</summary>
    public required PhysicalMemory Physical { get; init; }

    /// <summary>Called, on any thread, when background reclaim should run. Must return at once.</summary>
    public Action ReclaimNeeded { get; init; } = static () => { };

    /// <summary>Called, on any thread, when prefetch should run. Must return at once.</summary>
    public Action PrefetchNeeded { get; init; } = static () => { };

    /// <summary>Asks the system to back memory, an address and a length, by large pages.</summary>
    public Action<nint, nuint> PreferLargePages { get; init; } = static (_, _) => { };

    /// <summary>How a thread waits for pages that others work on.</summary>
    public Progress Progress { get; init; } = new();

    /// <summary>
    /// Called where another thread may overtake this one between two steps of the protocol, so that a simulation can
    /// let it; null in a host.
    /// </summary>
    public Action? RacePoint { get; init; }

    /// <summary>A broken variant, for tests that must fail.</summary>
    public Mutant Mutant { get; init; }
}
