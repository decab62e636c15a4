// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Demo;

/// <summary>
/// What a demo found: the end table, and what <c>hmm demo --json</c> prints. Every field is
/// explained in
/// <c>docs/reference/statistics.md</c>.
/// </summary>
internal sealed record DemoReport
{
    public required bool Right { get; init; }

    public required string Verdict { get; init; }

    public required string Data { get; init; }

    public string? PmemFile { get; init; }

    public required int Files { get; init; }

    public required long DataBytes { get; init; }

    public required long RangeBytes { get; init; }

    public required ulong BudgetBytes { get; init; }

    public required ulong PeakResidentBytes { get; init; }

    public required long ResidentSamples { get; init; }

    public required double LongestSampleGapMs { get; init; }

    public required int Seed { get; init; }

    public required int FilesRight { get; init; }

    public required IReadOnlyList<string> FilesWrong { get; init; }

    public required bool Sorted { get; init; }

    public required bool KeysKept { get; init; }

    public required ulong Faults { get; init; }

    public required ulong WriteProtectFaults { get; init; }

    public required ulong Fills { get; init; }

    public required ulong Prefetched { get; init; }

    public required ulong Evictions { get; init; }

    public required ulong BytesIn { get; init; }

    public required ulong BytesOut { get; init; }

    public required double Seconds { get; init; }

    public required IReadOnlyList<PhaseReport> Phases { get; init; }
}
