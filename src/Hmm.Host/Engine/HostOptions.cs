// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Migration;

namespace Hmm.Host.Engine;

/// <summary>What a host is started with.</summary>
internal sealed record HostOptions
{
    /// <summary>The DRAM that all ranges may use together, in bytes: 2 MiB to the machine's.</summary>
    public required ulong BudgetBytes { get; init; }

    /// <summary>The devices, fastest first.</summary>
    public required IReadOnlyList<string> Devices { get; init; }

    /// <summary>The folder of the modules that were built with the host.</summary>
    public required string ModuleFolder { get; init; }

    /// <summary>
    /// Whether applications of several people may share it: then devices that can encrypt do so, unless they are told
    /// not to.
    /// </summary>
    public bool IsShared { get; init; }

    /// <summary>Further folders that modules may be loaded from; those taint "out of tree".</summary>
    public IReadOnlyList<string> OtherModuleFolders { get; init; } = [];

    /// <summary>How long a device may take for a copy, before whoever waits for it gets an error.</summary>
    public TimeSpan DeviceDeadline { get; init; } = DeadlineLoop.Default;

    /// <summary>How long the fault thread looks for the next fault before it sleeps.</summary>
    public TimeSpan SpinTime { get; init; } = FaultLoop.SpinTimeDefault;

    /// <summary>Whether processors are kept awake while faults come.</summary>
    public bool IdlePoll { get; init; }

    /// <summary>The reclaim policy, of the module of that name; null for the default.</summary>
    public string? ReclaimPolicy { get; init; }

    /// <summary>A broken variant, for tests that must fail.</summary>
    public Mutant Mutant { get; init; }
}
