// SPDX-License-Identifier: GPL-2.0-or-later
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Hmm.Cli.Bench.Comparing;
using Hmm.Cli.Bench.Running;
using Hmm.Cli.Bench.Spaces;

namespace Hmm.Cli.Bench.Suite;

/// <summary>
/// Random reads of which the range is told ahead, against fio at the depth at which disks are judged, on the same file
/// in turns. Ours brings each page into memory and takes another one out; fio reads into the same few buffers.
/// </summary>
internal static class FioRun
{
    internal const string Work = "randread with index prefetch, file";

    // Far enough ahead for a list to be read in the order of the disk; twice as many pages are on their way at most.
    internal const int PrefetchPages = 1024;

    private const string Against = "fio, depth 32";
    private const double Least = 0.85;

    internal static async Task<SuiteRow> RunAsync(
        BenchPlan plan, int rounds, Action<BenchResult> show, CancellationToken cancellation)
    {
        var ours = plan with { Target = BenchTarget.Hmm, PrefetchPages = PrefetchPages };
        var results = new (double Ours, double Fio)[rounds];
        for (var round = 0; round < rounds; round++)
        {
            var result = await BenchProcess.RunAsync(ours, cancellation).ConfigureAwait(false);
            show(result);
            if (await TryFioAsync(plan, cancellation).ConfigureAwait(false) is not { } fio)
            {
                return SuiteRow.NotMeasured(Work, Against, Least, "fio is not installed: apt-get install fio");
            }

            results[round] = (result.OpsS, fio);
        }

        return SuiteRow.Of(Work, Against, "ops/s", Least, results, static (ours, fio) => ours / fio);
    }

    /// <summary>Its reads a second; null: there is no fio.</summary>
    private static async Task<double?> TryFioAsync(BenchPlan plan, CancellationToken cancellation)
    {
        string[] arguments =
        [
            "--name=hmm", "--output-format=json", "--ioengine=io_uring", "--direct=1", "--thread", "--readonly",
            "--randrepeat=0", "--norandommap=1", "--rw=randread", "--bs=4k", "--iodepth=32", "--time_based=1",
            $"--filename={plan.FilePath}",
            string.Create(CultureInfo.InvariantCulture, $"--runtime={Math.Ceiling(plan.Seconds)}"),
        ];
        using var process = TryStart(arguments);
        if (process is null)
        {
            return null;
        }

        var output = await process.StandardOutput.ReadToEndAsync(cancellation).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        return process.ExitCode == 0
            ? JsonDocument.Parse(output).RootElement.GetProperty("jobs")[0].GetProperty("read").GetProperty("iops")
                .GetDouble()
            : throw new CommandException(ExitCode.Failed, "fio failed; what it wrote above says why");
    }

    private static Process? TryStart(string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("fio", arguments) { RedirectStandardOutput = true });
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
