// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using Hmm.Cli.Output;
using Hmm.Cli.Reports;
using Hmm.Uapi;

namespace Hmm.Cli.Commands;

/// <summary><c>hmm migrate RANGE DEVICE</c>: sends the pages of a range to a device, by hand.</summary>
internal static class MigrateCommand
{
    internal static Command Create(Terminal terminal)
    {
        var range = new Argument<string>("RANGE")
        {
            Description = "The range, by its name or as SESSION/RANGE, as 'hmm ranges' lists them.",
        };
        var device = new Argument<string>("DEVICE") { Description = "The device, as 'hmm devices' lists it." };
        var process = new Option<uint?>("--pid")
        {
            Description = "The application, where several have a range of that name.",
            HelpName = "PID",
        };
        var first = Pages("--first", "The first page (default: 0).");
        var count = Pages("--pages", "How many pages (default: all from the first on).");
        var socket = CommandOptions.Socket();
        var json = CommandOptions.Json();
        var command = new Command("migrate", "Send the pages of a range to a device, and say what became of them.")
        {
            range, device, process, first, count, socket, json,
        };
        command.SetAction((parse, cancellation) => ErrorGate.RunAsync(terminal, async () =>
        {
            using var host = HostReader.Connect(parse.GetRequiredValue(socket));
            var found = MigrateReport.Find(
                host.Ranges(), parse.GetRequiredValue(range), parse.GetValue(process));
            var from = parse.GetValue(first) ?? 0;
            var pages = MigrateReport.CheckSpan(found, from, parse.GetValue(count));
            var name = parse.GetRequiredValue(device);
            var migration = await RunAsync(host, found, name, from, pages, cancellation).ConfigureAwait(false);
            if (parse.GetValue(json))
            {
                JsonOutput.Write(terminal.Out, MigrateReport.ToJson(found, name, migration));
            }
            else
            {
                MigrateReport.Print(terminal.Out, found, name, migration);
            }

            return migration.IsComplete ? ExitCode.Ok : ExitCode.Busy;
        }));
        return command;
    }

    private static async Task<HmmMigration> RunAsync(
        HmmHost host, RangeRecord range, string device, long first, long pages, CancellationToken cancellation)
    {
        try
        {
            return await host.MigrateAsync(range, device, first, pages, cancellation).ConfigureAwait(false);
        }
        catch (HmmException exception) when (exception.Errno == Errno.ENODEV)
        {
            throw new CommandException(
                ExitCode.NotFound, $"no device is named '{device}'; 'hmm devices' lists them", exception);
        }
        catch (HmmException exception) when (exception.Errno == Errno.ENOENT)
        {
            throw new CommandException(
                ExitCode.NotFound, $"range '{range.Name}' was closed; 'hmm ranges' lists the others", exception);
        }
    }

    private static Option<long?> Pages(string name, string description)
    {
        var option = new Option<long?>(name) { Description = description, HelpName = "N" };
        option.Validators.Add(result =>
        {
            if (result.GetValue(option) < 0)
            {
                result.AddError($"{name}: a number of pages is not negative.");
            }
        });
        return option;
    }
}
