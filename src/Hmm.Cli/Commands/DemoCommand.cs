// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using Hmm.Cli.Demo;
using Hmm.Cli.Demo.Presenters;
using Hmm.Cli.Output;
using Hmm.Uapi;

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
        var devices = CommandOptions.Devices();
        var seed = new Option<int>("--seed")
        {
            Description = "Chooses the random order.",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
        };
        var pmem = new Option<string?>("--pmem")
        {
            Description = "Use a persistent range: make a checkpoint, end the host, and check what another one opens. "
                + "The file goes with the demo, unless it is named here.",
            HelpName = "FILE",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var trace = CommandOptions.Trace();
        var traceFull = CommandOptions.TraceFull();
        var json = CommandOptions.Json();
        var command = new Command("demo", "Use a range larger than its DRAM budget, and check every byte.")
        {
            data, budget, devices, folder, pmem, seed, trace, traceFull, json,
        };
        command.SetAction((parse, cancellation) => ErrorGate.RunAsync(terminal, () =>
        {
            var plan = Plan(
                parse.GetValue(data),
                parse.GetValue(budget),
                parse.GetValue(devices) ?? [],
                parse.GetRequiredValue(folder),
                parse.GetValue(seed)) with
            {
                TracePath = parse.GetValue(trace) ?? "",
                TraceMode = parse.GetValue(traceFull) ? TraceMode.Full : TraceMode.Faults,
            };
            if (parse.GetResult(pmem) is not null)
            {
                plan = Persistent(plan, parse.GetValue(pmem));
            }

            Preflight.Check(plan);
            return RunAsync(plan, terminal, parse.GetValue(json), cancellation);
        }));
        return command;
    }

    private static DemoPlan Plan(string? dataPath, ulong? budget, string[] devices, string folder, int seed)
    {
        var data = DataSet.Find(dataPath);
        return new DemoPlan(data, budget ?? DemoPlan.DefaultBudgetBytes(data), Path.GetFullPath(folder), seed)
        {
            Devices = devices,
        };
    }

    private static DemoPlan Persistent(DemoPlan plan, string? file) => plan with
    {
        KeepsPmemFile = file is not null,
        PmemFile = Path.GetFullPath(
            string.IsNullOrEmpty(file)
                ? Path.Combine(plan.DeviceFolder, $"hmm-demo-{Environment.ProcessId}.pmem")
                : file),
    };

    private static async Task<int> RunAsync(
        DemoPlan plan, Terminal terminal, bool json, CancellationToken cancellation)
    {
        var range = HostedRange.Create(plan);
        var lost = range.HostLostAsync();
        // A thread of its own: it waits for pages, and the pool's threads are few.
        var run = Task.Factory.StartNew(
            () => Run(plan, range, terminal, json, cancellation),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        await Task.WhenAny(run, lost).ConfigureAwait(false);
        if (!lost.IsCompletedSuccessfully || run.IsCompletedSuccessfully)
        {
            try
            {
                return await run.ConfigureAwait(false);
            }
            catch (HmmException exception) when (exception.Errno == Errno.ECONNRESET)
            {
                // It noticed before the watch did.
            }
        }

        // If that thread has not failed, it waits for a page that nobody will bring. Returning from Main ends it with
        // the process.
        throw new CommandException(
            ExitCode.Failed, "the host ended in the middle of the demo; what it wrote above may say why");
    }

    private static int Run(
        DemoPlan plan, HostedRange hosted, Terminal terminal, bool json, CancellationToken cancellation)
    {
        using var range = hosted;
        using IDemoPresenter presenter = json ? new JsonPresenter(terminal.Out)
            : terminal.IsRich ? new LivePresenter(terminal)
            : new PlainPresenter(terminal.Out);
        var report = new DemoRun(plan, range, presenter, cancellation).Run();
        return report.Right ? ExitCode.Ok : ExitCode.Wrong;
    }
}
