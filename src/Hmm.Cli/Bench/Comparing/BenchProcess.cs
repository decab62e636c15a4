// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Globalization;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Running;
using Hmm.Cli.Bench.Spaces;

namespace Hmm.Cli.Bench.Comparing;

/// <summary>
/// Runs one plan in a process of its own: this very program, so that both sides of a comparison run the same code on
/// the same runtime. It is in its memory group before its first instruction.
/// </summary>
internal static class BenchProcess
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(20);

    /// <summary>Runs it.</summary>
    /// <exception cref="CommandException">It failed; what it said is on standard error.</exception>
    internal static async Task<BenchResult> RunAsync(BenchPlan plan, CancellationToken cancellation)
    {
        using var group = MemoryGroup.Create(
            string.Create(CultureInfo.InvariantCulture, $"hmm-bench-{Environment.ProcessId}-{plan.Target.Name()}"));
        using var process = Start(plan with { GroupPath = group.Path });
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            throw new CommandException(
                ExitCode.Failed, $"{Words(plan)} did not end within {Limit.TotalMinutes} minutes");
        }

        var lines = (await output.ConfigureAwait(false)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return process.ExitCode is ExitCode.Ok or ExitCode.Wrong && lines.Length > 0
            ? BenchResult.Parse(lines[^1])
            : throw new CommandException(
                process.ExitCode == 137 ? ExitCode.Failed : process.ExitCode,
                process.ExitCode == 137
                    ? $"{Words(plan)} was ended by the kernel: its memory group is too small; give a larger --budget"
                    : $"{Words(plan)} failed; what it wrote above says why");
    }

    private static string Words(BenchPlan plan) => $"{plan.Pattern.Name()} on {plan.Target.Name()}";

    private static Process Start(BenchPlan plan)
    {
        // The shell enters the group and then becomes the program: all its memory is charged there from the start.
        List<string> arguments =
        [
            "-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"", plan.GroupPath,
            .. plan.Cpu is { } cpu ? (string[])["taskset", "-c", Text(cpu)] : [],
            DotnetPath(), "exec", typeof(BenchProcess).Assembly.Location, .. ArgumentsOf(plan),
        ];
        return Process.Start(new ProcessStartInfo("/bin/sh", arguments) { RedirectStandardOutput = true })!;
    }

    /// <summary>What runs this program.</summary>
    internal static string DotnetPath() =>
        Path.GetFileName(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet";

    private static List<string> ArgumentsOf(BenchPlan plan)
    {
        List<string> arguments =
        [
            "bench", "--target", plan.Target.Name(), "--pattern", plan.Pattern.Name(),
            "--size", Text(plan.SizeBytes), "--budget", Text(plan.BudgetBytes), "--threads", Text(plan.Threads),
            "--seconds", Text(plan.Seconds), "--ops", Text(plan.Ops), "--warm-seconds", Text(plan.WarmSeconds),
            "--warm-ops", Text(plan.WarmOps), "--prefetch", Text(plan.PrefetchPages), "--seed", Text(plan.Seed),
            "--write-fraction", Text(plan.WriteFraction), "--theta", Text(plan.Theta),
            "--advice", plan.Advice.ToString().ToLowerInvariant(), "--device-folder", plan.DeviceFolder,
            "--group", plan.GroupPath,
        ];
        if (plan.IsOnFile)
        {
            arguments.AddRange(["--file", plan.FilePath]);
        }
        else if (plan.DataPath.Length > 0)
        {
            arguments.AddRange(["--data", plan.DataPath]);
        }

        if (plan.SpinTime is { } spin)
        {
            arguments.AddRange(["--spin", Text(spin.TotalMicroseconds) + "us"]);
        }

        if (plan.IdlePoll)
        {
            arguments.Add("--idle-poll");
        }

        foreach (var device in plan.Target == BenchTarget.Hmm ? plan.Devices : [])
        {
            arguments.AddRange(["--device", device]);
        }

        return arguments;
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
