// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using Hmm.Cli.Demo;
using Hmm.Cli.Demo.Presenters;
using Hmm.Cli.Output;

namespace Hmm.Cli.Commands;

/// <summary><c>hmm demo</c>: the main job on real files, checked byte for byte.</summary>
internal static class DemoCommand
{
    internal static Command Create(Terminal terminal)
    {
        var data = new Option<string?>("--data")
        {
            Description = "A file or a folder (default: the .NET installation that runs this).",
            HelpName = "PATH",
        };
        var budget = CommandOptions.Size(
            "--budget", "The DRAM budget (default: a quarter of the data, at least 2MiB).");
        var folder = CommandOptions.DeviceFolder();
        var seed = new Option<int>("--seed")
        {
            Description = "Chooses the random order.",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
        };
        var json = CommandOptions.Json();
        var command = new Command("demo", "Use a range larger than its DRAM budget, and check every byte.")
        {
            data, budget, folder, seed, json,
        };
        command.SetAction((parse, cancellation) => ErrorGate.RunAsync(terminal, () =>
        {
            var plan = Plan(
                parse.GetValue(data), parse.GetValue(budget), parse.GetRequiredValue(folder), parse.GetValue(seed));
            // A thread of its own: it waits for pages, and the pool's threads are few.
            return Task.Factory.StartNew(
                () => Run(plan, terminal, parse.GetValue(json), cancellation),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
        }));
        return command;
    }

    private static DemoPlan Plan(string? dataPath, ulong? budget, string folder, int seed)
    {
        var data = DataSet.Find(dataPath);
        return new DemoPlan(data, budget ?? DemoPlan.DefaultBudgetBytes(data), Path.GetFullPath(folder), seed);
    }

    private static int Run(DemoPlan plan, Terminal terminal, bool json, CancellationToken cancellation)
    {
        Preflight.Check(plan);
        using var range = HostedRange.Create(plan);
        using IDemoPresenter presenter = json ? new JsonPresenter(terminal.Out)
            : terminal.IsRich ? new LivePresenter(terminal)
            : new PlainPresenter(terminal.Out);
        var report = new DemoRun(plan, range, presenter, cancellation).Run();
        return report.Right ? ExitCode.Ok : ExitCode.Wrong;
    }
}
