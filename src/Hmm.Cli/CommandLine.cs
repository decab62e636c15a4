// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
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
            terminal.Error.WriteLine($"Try '{PathOf(parse.CommandResult)}--help'.");
            return ExitCode.Usage;
        }

        var isHost = parse.CommandResult.Command.Name == HostCommand.Name;
        var configuration = new InvocationConfiguration
        {
            // Ctrl-C and SIGTERM cancel a command, which has so long to put the terminal in order.
            // The host hears them itself: it lets go of its applications first, for as long as that
            // takes.
            ProcessTerminationTimeout = isHost ? null : TimeSpan.FromSeconds(5),
            EnableDefaultExceptionHandler = false,
            Output = terminal.Out,
            Error = terminal.Error,
        };
        return await parse.InvokeAsync(configuration).ConfigureAwait(false);
    }

    // Not a RootCommand: that one is named after the assembly, and an assembly named hmm would
    // collide with Hmm, the client library, which .NET tells apart by letter case as little as
    // Windows does.
    private static Command Create(Terminal terminal) =>
        new("hmm", "Memory larger than its DRAM budget, for .NET on Linux.")
        {
            new HelpOption(),
            new VersionOption(),
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
            MigrateCommand.Create(terminal),
            ModulesCommand.Create(terminal),
            ExportsCommand.Create(terminal),
            ConformanceCommand.Create(terminal),
            PmemCommand.Create(terminal),
            BenchCommand.Create(terminal),
            TraceCommand.Create(terminal),
            ReplayCommand.Create(terminal),
        };

    /// <summary>The words that lead to a command, each with a space after it.</summary>
    private static string PathOf(SymbolResult? result) =>
        result is CommandResult command ? PathOf(command.Parent) + command.Command.Name + " " : "";
}
