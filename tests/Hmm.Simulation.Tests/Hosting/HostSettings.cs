// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;

namespace Hmm.Simulation.Tests.Hosting;

/// <summary>What a simulated host is made of.</summary>
internal sealed record HostSettings
{
    /// <summary>The budget, in bytes.</summary>
    public ulong BudgetBytes { get; init; } = 2 << 20;

    /// <summary>
    /// The frames of the budget that ranges really get; the test reserves the rest, which makes a budget smaller than
    /// the least one, with the watermarks where they are.
    /// </summary>
    public int RoomFrames { get; init; } = 512;

    /// <summary>Frames that an exchange with a full device may take beyond them.</summary>
    public int OverdraftFrames { get; init; }

    /// <summary>
    /// The host's threads, at least 2: so many jobs are under way at a time, and reclaim may wait
    /// in one.
    /// </summary>
    public int ThreadCount { get; init; } = 4;

    /// <summary>The frames of each private device, in the order of placement.</summary>
    public int[] DeviceFrames { get; init; } = [512];

    /// <summary>The frames of a coherent device, which comes first; 0 for none.</summary>
    public int CoherentFrames { get; init; }

    /// <summary>A broken variant.</summary>
    public Mutant Mutant { get; init; }

    /// <summary>How often a yield changes the actor, in thousandths.</summary>
    public int SwitchPermille { get; init; } = 300;

    /// <summary>
    /// How often, in thousandths of its jobs, the host's clock strikes: so often that deadlines pass in the middle of
    /// everything.
    /// </summary>
    public int TickPermille { get; init; }

    /// <summary>Whether faults may fail for want of DRAM.</summary>
    public bool AllowStarving { get; init; }

    /// <summary>
    /// How often, in thousandths of the times that nothing can leave, faults fail then and there; else when nobody else
    /// can do anything.
    /// </summary>
    public int StarvePermille { get; init; }
}
