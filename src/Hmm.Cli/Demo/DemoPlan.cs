// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Cli.Demo;

/// <summary>What a demo is going to do; fixed before it begins.</summary>
/// <param name="Data">The files.</param>
/// <param name="BudgetBytes">The DRAM budget.</param>
/// <param name="DeviceFolder">Where evicted pages go if no devices are named.</param>
/// <param name="Seed">Chooses the order of files and the samples of the sort.</param>
internal sealed record DemoPlan(DataSet Data, ulong BudgetBytes, string DeviceFolder, int Seed)
{
    private const ulong PageBytes = 4096;

    /// <summary>
    /// What the range may exceed its budget by, for a moment: one batch of 2 MiB in, one out.
    /// </summary>
    internal const ulong OvershootBytesMax = 4UL << 20;

    /// <summary>The devices that evicted pages go to, fastest first; empty: a file in the folder.</summary>
    internal IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>The file of the persistent range; null for a range that ends with the demo.</summary>
    internal string? PmemFile { get; init; }

    /// <summary>Whether that file stays when the demo ends, since the user named it.</summary>
    internal bool KeepsPmemFile { get; init; }

    /// <summary>Where the host records a trace; empty: it records none.</summary>
    internal string TracePath { get; init; } = "";

    /// <summary>What the trace shall see.</summary>
    internal TraceMode TraceMode { get; init; }

    /// <summary>Where evicted pages go, in words.</summary>
    internal string Destination => PmemFile ?? (Devices.Count == 0 ? DeviceFolder : string.Join(',', Devices));

    /// <summary>What is done, in order.</summary>
    internal IReadOnlyList<DemoPhase> Phases => [.. Enum.GetValues<DemoPhase>().Where(
        phase => PmemFile is not null || phase is not (DemoPhase.Checkpoint or DemoPhase.Reopen))];

    /// <summary>
    /// The size of the file of a persistent range: its checkpoint, all of its pages anew (the sort writes every one),
    /// and an eighth for tables and for pages on their way.
    /// </summary>
    internal long PmemSizeBytes => (Data.PaddedBytes * 2) + (Data.PaddedBytes / 4) + (32L << 20);

    /// <summary>
    /// Room on the device: the whole range, and an eighth more, so that a page on its way out never
    /// waits for the frame of one on its way in.
    /// </summary>
    internal long DeviceSizeBytes => Data.PaddedBytes + (Data.PaddedBytes / 8) + (16L << 20);

    /// <summary>A quarter of the data in whole pages, and at least the smallest budget.</summary>
    internal static ulong DefaultBudgetBytes(DataSet data) =>
        Math.Max(Limits.BudgetBytesMin, (ulong)data.PaddedBytes / 4 / PageBytes * PageBytes);

    /// <summary>
    /// The most keys to sort at once: half of the budget, so that neither the pages on their way
    /// out nor the next piece push it out; at most 128 MiB, so that Ctrl-C is heard within about
    /// two seconds.
    /// </summary>
    internal int PieceKeysMax => (int)Math.Min(BudgetBytes / 2, 128UL << 20) / sizeof(ulong);
}
