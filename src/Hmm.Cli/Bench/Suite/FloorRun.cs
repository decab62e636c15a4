// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Text.Json;
using Hmm.Cli.Bench.Comparing;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Running;
using Hmm.Cli.Bench.Spaces;

namespace Hmm.Cli.Bench.Suite;

/// <summary>
/// What a fault costs against the least that it can: the C program of <c>bench/floor</c>, both on processor 0, in
/// turns. Ours brings a page from a memory device to DRAM, with state, budget, and the eviction of another page; the
/// floor copies one ready page and evicts nothing.
/// </summary>
internal static class FloorRun
{
    internal const string Work = "4 KiB fault, memory device, p50";
    private const string Against = "C floor";
    private const double Least = 1 / 1.1;
    private const int Cpu = 0;

    internal static async Task<SuiteRow> RunAsync(
        BenchPlan plan, string floorPath, int rounds, CancellationToken cancellation)
    {
        if (floorPath.Length == 0)
        {
            return SuiteRow.NotMeasured(Work, Against, Least, "no --floor PATH was given");
        }

        // Nearly every access faults: a fourteenth of the pages is in DRAM.
        var ours = plan with
        {
            Target = BenchTarget.Hmm,
            Pattern = AccessPattern.RandRead,
            SizeBytes = 224 << 20,
            BudgetBytes = 16 << 20,
            Threads = 1,
            Devices = ["memory,size=256MiB"],
            Cpu = Cpu,
        };
        var results = new List<(double Ours, double Floor)>();
        for (var round = 0; round < rounds; round++)
        {
            var result = await BenchProcess.RunAsync(ours, cancellation).ConfigureAwait(false);
            results.Add((result.FaultP50Us, await FloorAsync(floorPath, cancellation).ConfigureAwait(false)));
        }

        return new SuiteRow(
            Work,
            Against,
            Spread.Of(results.Select(result => result.Ours)).Median,
            Spread.Of(results.Select(result => result.Floor)).Median,
            "us",
            Spread.Of(results.Select(result => result.Floor / result.Ours)),
            Least,
            IsLimit: false);
    }

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
