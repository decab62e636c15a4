// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using Hmm.Cli.Commands;
using Hmm.Cli.Output;
using Hmm.Cli.Reports;

namespace Hmm.Cli;

/// <summary>
/// The commands of <c>hmm</c>, and how a command line that is not understood ends.
/// </summary>
internal static class CommandLine
{
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments, Terminal terminal)
    {
        if (!OperatingSystem.IsLinux())
        {
            terminal.Error.WriteLine("hmm: Hmm.NET runs on Linux only: its page faults come through userfaultfd. "
                + "On Windows use WSL 2.");
            return ExitCode.Unsupported;
        }

        // Bare `hmm` is someone who wants to know what there is.
        var parse = Create(terminal).Parse(arguments.Count > 0 ? arguments : ["--help"]);
        if (parse.Errors.Count > 0)
        {
            // The first error is the cause; what follows is usually its echo.
            terminal.Error.WriteLine("hmm: " + parse.Errors[0].Message);
            terminal.Error.WriteLine($"Try 'hmm {PathOf(parse.CommandResult)}--help'.");
            return ExitCode.Usage;
        }

        var configuration = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            Output = terminal.Out,
            Error = terminal.Error,
        };
        return await parse.InvokeAsync(configuration).ConfigureAwait(false);
    }

    private static RootCommand Create(Terminal terminal) =>
        new("Memory larger than its DRAM budget, for .NET on Linux.")
        {
            DemoCommand.Create(terminal),
            DoctorCommand.Create(terminal),
            HostCommand.Create(terminal),
            HostReader.Create(
                terminal,
                "iomem",
                "Print the host's physical address space, as /proc/iomem does.",
                host => host.Resources(),
                ResourceReport.Print,
                ResourceReport.ToJson),
            DevicesCommand.Create(terminal),
            HostReader.Create(
                terminal,
                "pagemaps",
                "List the page maps: spans, owners, frames in use.",
                host => host.PageMaps(),
                PageMapReport.Print,
                PageMapReport.ToJson),
            HostReader.Create(
                terminal,
                "ranges",
                "List the applications' ranges, and where their pages are.",
                host => host.Ranges(),
                RangeReport.Print,
                RangeReport.ToJson),
            PageCommand.Create(terminal),
        };

    /// <summary>The words that lead to a command, each with a space after it.</summary>
    private static string PathOf(System.CommandLine.Parsing.SymbolResult? result) =>
        result is System.CommandLine.Parsing.CommandResult { Command: not RootCommand } command
            ? PathOf(command.Parent) + command.Command.Name + " "
            : "";
}
