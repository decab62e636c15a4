// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using Hmm.Cli.Output;
using Hmm.Cli.Reports;
using Hmm.Core.Modules.Audit;
using Hmm.Core.Modules.Exports;

namespace Hmm.Cli.Commands;

/// <summary>
/// <c>hmm exports</c> lists what modules may use, from the assemblies beside it or from a running host;
/// <c>hmm exports audit</c> walks the code behind it.
/// </summary>
internal static class ExportsCommand
{
    internal static Command Create(Terminal terminal)
    {
        var socket = new Option<string?>("--socket")
        {
            Description = "Ask the host on this socket, instead of reading the assemblies beside hmm.",
            HelpName = "PATH",
        };
        var symvers = new Option<bool>("--symvers") { Description = "Print the table as Module.symvers has it." };
        var json = CommandOptions.Json();
        var command = new Command("exports", "List what modules may use, on what terms, and who does.")
        {
            socket, symvers, json, CreateAudit(terminal),
        };
        command.SetAction((parse, _) => ErrorGate.RunAsync(terminal, () =>
        {
            var exports = parse.GetValue(socket) is { } path ? OfHost(path) : OfFiles();
            if (parse.GetValue(json))
            {
                JsonOutput.Write(terminal.Out, exports.Select(ExportReport.ToJson));
            }
            else if (parse.GetValue(symvers))
            {
                ExportReport.PrintSymbolVersions(terminal.Out, exports);
            }
            else
            {
                ExportReport.Print(terminal.Out, exports);
            }

            return Task.FromResult(ExitCode.Ok);
        }));
        return command;
    }

    private static Command CreateAudit(Terminal terminal)
    {
        var assemblies = new Argument<string[]>("ASSEMBLY")
        {
            Description = "Further assemblies that may use the exports, besides the modules beside hmm.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var core = new Option<string>("--core")
        {
            Description = "The assembly to audit, where public means exported (default: the core beside hmm).",
            HelpName = "FILE",
            DefaultValueFactory = _ => InTree.Core,
        };
        var against = new Option<string?>("--against")
        {
            Description = "A table saved with 'hmm exports --symvers': report what changed since, and who breaks.",
            HelpName = "TABLE",
        };
        var json = CommandOptions.Json();
        var command = new Command("audit", "Check that every export has the right class; exits with 1 if not.")
        {
            assemblies, core, against, json,
        };
        command.SetAction((parse, _) => ErrorGate.RunAsync(terminal, () =>
        {
            var audited = parse.GetRequiredValue(core);
            var tree = InTree.Modules.Concat(parse.GetValue(assemblies) ?? []);
            var report = ExportAudit.RunFiles(audited, tree, parse.GetValue(against));
            if (parse.GetValue(json))
            {
                JsonOutput.Write(terminal.Out, AuditJson.Of(report));
            }
            else
            {
                report.Write(terminal.Out);
            }

            return Task.FromResult(report.ExitCode == 0 ? ExitCode.Ok : ExitCode.Wrong);
        }));
        return command;
    }

    private static IReadOnlyList<HmmExport> OfHost(string socketPath)
    {
        using var host = HostReader.Connect(socketPath);
        return host.Exports();
    }

    private static IReadOnlyList<HmmExport> OfFiles() =>
    [
        .. ExportCatalog.ReadFiles(InTree.Core, InTree.Modules).Select(static use =>
        {
            var columns = SymbolVersions.Columns(use.Export);
            return new HmmExport(
                columns[0],
                use.Export.Symbol,
                use.Export.Owner,
                use.Export.Class == ExportClass.GplOnly,
                columns[4],
                use.Consumers);
        }),
    ];
}
