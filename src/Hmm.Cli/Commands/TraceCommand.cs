// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Hmm.Cli.Output;
using Hmm.Cli.Replay;
using Hmm.Cli.Reports;
using Hmm.Uapi;

namespace Hmm.Cli.Commands;

/// <summary>
/// <c>hmm trace record</c> records what happens to the pages of a running host, <c>run</c> those of a program that
/// starts its own; <c>info</c> says what a trace holds.
/// </summary>
internal static class TraceCommand
{
    internal static Command Create(Terminal terminal) =>
        new("trace", "Record what happens to pages, for 'hmm replay'.")
        {
            CreateRecord(terminal), CreateRun(terminal), CreateInfo(terminal),
        };

    private static Command CreateRecord(Terminal terminal)
    {
        var path = new Argument<string>("FILE") { Description = "The file to record into." };
        var seconds = new Option<double?>("--seconds")
        {
            Description = "How long (default: until Ctrl-C).",
            HelpName = "N",
        };
        var full = Full();
        var socket = CommandOptions.Socket();
        var command = new Command("record", "Record a running host until Ctrl-C.") { path, seconds, full, socket };
        command.SetAction((parse, cancellation) => ErrorGate.RunAsync(terminal, async () =>
        {
            var limit = parse.GetValue(seconds) is { } given
                ? given is > 0 and <= 86400
                    ? TimeSpan.FromSeconds(given)
                    : throw new CommandException(ExitCode.Usage, $"--seconds: {given} is not above 0 and up to 86400")
                : Timeout.InfiniteTimeSpan;
            using var host = HostReader.Connect(parse.GetRequiredValue(socket));
            using var trace = host.StartTrace(
                Path.GetFullPath(parse.GetRequiredValue(path)),
                parse.GetValue(full) ? TraceMode.Full : TraceMode.Faults);
            await WaitAsync(limit, cancellation).ConfigureAwait(false);
            PrintCounts(terminal.Out, parse.GetRequiredValue(path), trace.Stop());
            return ExitCode.Ok;
        }));
        return command;
    }

    private static Command CreateRun(Terminal terminal)
    {
        var path = new Argument<string>("FILE") { Description = "The file to record into; %p: the process's number." };
        var program = new Argument<string[]>("COMMAND")
        {
            Description = "A program that starts its own host (HmmHost.Start), and its arguments, after '--'.",
            Arity = ArgumentArity.OneOrMore,
        };
        var full = Full();
        var command = new Command("run", "Run a program, and record its private host.") { path, full, program };
        command.SetAction((parse, cancellation) => ErrorGate.RunAsync(terminal, async () =>
        {
            var line = parse.GetRequiredValue(program);
            var start = new ProcessStartInfo(line[0], line[1..]);
            start.Environment[HmmHost.TraceVariable] = Path.GetFullPath(parse.GetRequiredValue(path));
            start.Environment[HmmHost.TraceModeVariable] = parse.GetValue(full) ? "full" : "faults";
            try
            {
                using var process = Process.Start(start)!;
                await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
                return process.ExitCode;
            }
            catch (Win32Exception exception)
            {
                throw new CommandException(
                    ExitCode.Data, $"'{line[0]}' cannot be run: {exception.Message}", exception);
            }
        }));
        return command;
    }

    private static Command CreateInfo(Terminal terminal)
    {
        var path = new Argument<string>("FILE") { Description = "A trace." };
        var json = CommandOptions.Json();
        var command = new Command("info", "Say what a trace holds.") { path, json };
        command.SetAction((parse, _) => ErrorGate.RunAsync(terminal, () =>
        {
            var log = TraceLog.Load(parse.GetRequiredValue(path));
            if (parse.GetValue(json))
            {
                JsonOutput.Write(terminal.Out, TraceReport.ToJson(log));
            }
            else
            {
                TraceReport.Print(terminal.Out, log);
            }

            return Task.FromResult(ExitCode.Ok);
        }));
        return command;
    }

    private static Option<bool> Full() => new("--full")
    {
        Description = "See nearly every use of a page; applications are several times slower meanwhile.",
    };

    /// <summary>Waits so long, or until Ctrl-C, which is how a recording without a limit ends well.</summary>
    private static async Task WaitAsync(TimeSpan limit, CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(limit, cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // It was asked to end, and what follows is its end.
        }
    }

    private static void PrintCounts(TextWriter output, string path, HmmTraceCounts counts)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{path}: {counts.Records:N0} records, {ByteSize.Format(counts.FileBytes)}, {counts.Dropped:N0} dropped"));
    }
}
