// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Text.Json;
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
        BenchPlan plan, string floorPath, int rounds, CancellationToken cancellation)
    {
        if (floorPath.Length == 0)
        {
            const string Reason = "no --floor PATH was given";
            return [NotMeasured(s_memory, Reason), NotMeasured(s_compressed, Reason)];
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
            var floor = await FloorAsync(floorPath, cancellation).ConfigureAwait(false);
            memory[round] = (await FaultAsync(ours, "memory,size=256MiB", cancellation).ConfigureAwait(false), floor);
            compressed[round] = (
                await FaultAsync(ours, "compressed,size=256MiB,memory=256MiB", cancellation).ConfigureAwait(false),
                (1.5 * floor) + CodecTime.DecompressUs());
        }

        return [RowOf(s_memory, memory), RowOf(s_compressed, compressed)];
    }

    private static SuiteRow NotMeasured((string Work, string Against, double Least) line, string reason) =>
        SuiteRow.NotMeasured(line.Work, line.Against, line.Least, reason);

    private static SuiteRow RowOf(
        (string Work, string Against, double Least) line, IReadOnlyCollection<(double Ours, double Floor)> rounds) =>
        new(
            line.Work,
            line.Against,
            Spread.Of(rounds.Select(round => round.Ours)).Median,
            Spread.Of(rounds.Select(round => round.Floor)).Median,
            "us",
            Spread.Of(rounds.Select(round => round.Floor / round.Ours)),
            line.Least,
            IsLimit: false);

    private static async Task<double> FaultAsync(BenchPlan plan, string device, CancellationToken cancellation) =>
        (await BenchProcess.RunAsync(plan with { Devices = [device] }, cancellation).ConfigureAwait(false)).FaultP50Us;

    private static async Task<double> FloorAsync(string path, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("taskset", ["-c", $"{Cpu}", path]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(cancellation).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        return process.ExitCode == 0
            ? JsonDocument.Parse(output).RootElement.GetProperty("p50_us").GetDouble()
            : throw new CommandException(ExitCode.Failed, $"{path} failed; what it wrote above says why");
    }
}
