// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using Hmm.Cli.Bench.Comparing;
using Hmm.Cli.Bench.Running;
using Hmm.Cli.Bench.Suite;
using Hmm.Cli.Output;

namespace Hmm.Cli.Commands;

/// <summary><c>hmm bench</c>: access patterns on our memory and on the kernel's, every value checked.</summary>
internal static class BenchCommand
{
    internal static Command Create(Terminal terminal)
    {
        var options = new BenchOptions();
        var command = new Command("bench", "Run an access pattern on a range, and on what the kernel offers.");
        options.AddTo(command);
        command.SetAction((parse, cancellation) =>
            ErrorGate.RunAsync(terminal, () => RunAsync(options, parse, terminal, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(
        BenchOptions options, ParseResult parse, Terminal terminal, CancellationToken cancellation)
    {
        var plan = options.Plan(parse);
        try
        {
            using var readAhead = ReadAheadOf(options, parse);
            var rounds = Rounds(parse.GetValue(options.Rounds));
            var floor = new FloorPrograms(parse.GetRequiredValue(options.Floor));
            if (parse.GetValue(options.Suite) is { } suiteFolder)
            {
                return await RunSuiteAsync(plan, rounds, floor, suiteFolder, terminal, cancellation)
                    .ConfigureAwait(false);
            }

            if (parse.GetValue(options.Scale) is { } scaleFolder)
            {
                return await RunScaleAsync(rounds, floor, scaleFolder, terminal, cancellation)
                    .ConfigureAwait(false);
            }

            if (parse.GetValue(options.Against) is not { } peers)
            {
                // A thread of its own: it waits for pages, and the pool's threads are few.
                return await Task.Factory.StartNew(
                    () => Run(plan, terminal), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                    .ConfigureAwait(false);
            }

            var comparison = new Comparison(plan, BenchOptions.Targets(peers));
            comparison.TryPeers();
            return await CompareAsync(comparison, rounds, terminal, parse.GetValue(options.Json), cancellation)
                .ConfigureAwait(false);
        }
        finally
        {
            if (options.IsFileOurs(parse))
            {
                BenchFile.Delete(plan.FilePath);
            }
        }
    }

    private static ReadAhead? ReadAheadOf(BenchOptions options, ParseResult parse) =>
        parse.GetValue(options.ReadAhead) is { } bytes
            ? ReadAhead.Set(parse.GetRequiredValue(options.Folder), (long)(bytes >> 10))
            : null;

    private static int Rounds(int rounds) => rounds is >= 1 and <= 100
        ? rounds
        : throw new CommandException(ExitCode.Usage, $"--rounds: {rounds} is not from 1 to 100");

    private static int Run(BenchPlan plan, Terminal terminal)
    {
        var result = new BenchRun(plan).Run();
        terminal.Out.WriteLine(result.ToString());
        return result.Bad == 0 ? ExitCode.Ok : ExitCode.Wrong;
    }

    private static async Task<int> RunSuiteAsync(
        BenchPlan plan,
        int rounds,
        FloorPrograms floor,
        string folder,
        Terminal terminal,
        CancellationToken cancellation)
    {
        var suite = new SuiteRun(plan, rounds, floor, terminal.Out.WriteLine);
        try
        {
            await suite.RunAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            suite.DeleteFiles();
        }

        SuiteReport.Write(folder, suite, plan, rounds);
        terminal.Out.WriteLine($"{suite.Rows.Count(row => row.Reached)} of {suite.Rows.Count} targets reached; "
            + $"{Path.Combine(folder, "suite.md")} and suite.json hold all of it");
        return ExitCode.Ok;
    }

    private static async Task<int> RunScaleAsync(
        int rounds, FloorPrograms floor, string folder, Terminal terminal, CancellationToken cancellation)
    {
        var scale = new ScaleRun(rounds, floor, terminal.Out.WriteLine);
        await scale.RunAsync(cancellation).ConfigureAwait(false);
        ScalePlot.Write(folder, scale.Points);
        return ExitCode.Ok;
    }

    private static async Task<int> CompareAsync(
        Comparison comparison,
        int rounds,
        Terminal terminal,
        bool json,
        CancellationToken cancellation)
    {
        for (var round = 0; round < rounds; round++)
        {
            await comparison.RunRoundAsync(Show, cancellation).ConfigureAwait(false);
        }

        if (json)
        {
            JsonOutput.Write(terminal.Out, ComparisonReport.ToJson(comparison));
        }
        else
        {
            ComparisonReport.Print(terminal.Out, comparison);
        }

        return comparison.Right ? ExitCode.Ok : ExitCode.Wrong;

        void Show(BenchResult result)
        {
            if (!json)
            {
                ComparisonReport.PrintRun(terminal.Out, result);
            }
        }
    }
}
