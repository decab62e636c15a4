// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Spaces;
using Hmm.Uapi;

namespace Hmm.Cli.Bench.Running;

/// <summary>One run of one pattern on one target; fixed before it begins.</summary>
internal sealed record BenchPlan
{
    internal BenchTarget Target { get; init; }

    internal AccessPattern Pattern { get; init; }

    /// <summary>The length of the range or file: a multiple of 4096.</summary>
    internal long SizeBytes { get; init; }

    /// <summary>The DRAM that its pages may take.</summary>
    internal long BudgetBytes { get; init; }

    internal int Threads { get; init; } = 1;

    /// <summary>How long the measured part lasts; sequential and phased patterns do all their work instead.</summary>
    internal double Seconds { get; init; }

    /// <summary>The most accesses of the measured part, of all threads; 0 for no limit.</summary>
    internal long Ops { get; init; }

    /// <summary>How long the pattern runs before, with another seed.</summary>
    internal double WarmSeconds { get; init; }

    /// <summary>
    /// How many accesses it makes before instead, so that a slow side is as warm as a fast one; 0: for WarmSeconds.
    /// </summary>
    internal long WarmOps { get; init; }

    /// <summary>How many accesses ahead our range is told of, by their indexes; 0: it is told of none.</summary>
    internal int PrefetchPages { get; init; }

    internal ulong Seed { get; init; }

    /// <summary>The share of draws that are writes, where a pattern has both.</summary>
    internal double WriteFraction { get; init; }

    internal double Theta { get; init; }

    /// <summary>What our range is told.</summary>
    internal Advice Advice { get; init; }

    /// <summary>The devices of our host, fastest first; none: the file is mapped.</summary>
    internal IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>How long our host looks for the next fault before it sleeps; null: as it does by itself.</summary>
    internal TimeSpan? SpinTime { get; init; }

    /// <summary>Whether our host keeps processors awake while faults come.</summary>
    internal bool IdlePoll { get; init; }

    /// <summary>Real files that the pages hold besides their tags; empty: words that compress to a half.</summary>
    internal string DataPath { get; init; } = "";

    internal string DeviceFolder { get; init; } = "";

    /// <summary>The file that is mapped; empty where none is.</summary>
    internal string FilePath { get; init; } = "";

    /// <summary>The memory group to run in, and nowhere else; empty for none.</summary>
    internal string GroupPath { get; init; } = "";

    /// <summary>The processor that all of it is bound to; null for none.</summary>
    internal int? Cpu { get; init; }

    /// <summary>Where our host records a trace; empty: it records none.</summary>
    internal string TracePath { get; init; } = "";

    /// <summary>What the trace shall see.</summary>
    internal TraceMode TraceMode { get; init; }

    internal long Pages => SizeBytes / PageWriter.PageBytes;

    internal bool Writes => Pattern.Writes(WriteFraction);

    internal bool IsOnFile => Target.IsAnonymous() ? false : Target != BenchTarget.Hmm || Devices.Count == 0;
}
