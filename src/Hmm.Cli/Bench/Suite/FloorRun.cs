// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Bench.Comparing;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Running;
using Hmm.Cli.Bench.Spaces;

namespace Hmm.Cli.Bench.Suite;

/// <summary>
/// What a fault costs against the least that it can: the C program of <c>bench/floor</c>, all on processor 0, in turns.
/// Ours brings a page from a device to DRAM, with state, budget, and the eviction of another page; the floor copies one
/// ready page and evicts nothing. From the compressed device a fault may take half as much again, and what the codec
/// takes by itself.
/// </summary>
internal static class FloorRun
{
    private const int Cpu = 0;
    private static readonly (string Work, string Against, double Least) s_memory =
        ("4 KiB fault, memory device, p50", "C floor", 1 / 1.1);

    private static readonly (string Work, string Against, double Least) s_compressed =
        ("4 KiB fault, compressed device, p50", "1.5 C floors + LZ4", 1);

    internal static async Task<SuiteRow[]> RunAsync(
        BenchPlan plan, FloorPrograms programs, int rounds, CancellationToken cancellation)
    {
        if (!programs.Exist)
        {
            return [NotMeasured(s_memory), NotMeasured(s_compressed)];
        }

        // Nearly every access faults: a fourteenth of the pages is in DRAM.
        var ours = plan with
        {
            Target = BenchTarget.Hmm,
            Pattern = AccessPattern.RandRead,
            SizeBytes = 224 << 20,
            BudgetBytes = 16 << 20,
            Threads = 1,
            Cpu = Cpu,
        };
        var memory = new (double Ours, double Floor)[rounds];
        var compressed = new (double Ours, double Floor)[rounds];
        for (var round = 0; round < rounds; round++)
        {
            var floor = await FloorAsync(programs, cancellation).ConfigureAwait(false);
            memory[round] = (await FaultAsync(ours, "memory,size=256MiB", cancellation).ConfigureAwait(false), floor);
            compressed[round] = (
                await FaultAsync(ours, "compressed,size=256MiB,memory=256MiB", cancellation).ConfigureAwait(false),
                (1.5 * floor) + CodecTime.DecompressUs());
        }

        return [RowOf(s_memory, memory), RowOf(s_compressed, compressed)];
    }

    private static SuiteRow NotMeasured((string Work, string Against, double Least) line) =>
        SuiteRow.NotMeasured(line.Work, line.Against, line.Least, FloorPrograms.Missing);

    private static SuiteRow RowOf(
        (string Work, string Against, double Least) line, IReadOnlyCollection<(double Ours, double Floor)> rounds) =>
        SuiteRow.Of(line.Work, line.Against, "us", line.Least, rounds, static (ours, floor) => floor / ours);

    private static async Task<double> FaultAsync(BenchPlan plan, string device, CancellationToken cancellation) =>
        (await BenchProcess.RunAsync(plan with { Devices = [device] }, cancellation).ConfigureAwait(false)).FaultP50Us;

    private static async Task<double> FloorAsync(FloorPrograms programs, CancellationToken cancellation)
    {
        using var result = await programs.RunAsync("pager", [], Cpu, cancellation).ConfigureAwait(false);
        return result.RootElement.GetProperty("p50_us").GetDouble();
    }
}
