// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using Hmm.Cli.Output;
using Hmm.Cli.Doctor;
using Spectre.Console;

namespace Hmm.Cli.Commands;

/// <summary><c>hmm doctor</c>: can this system run Hmm.NET, and if not, what to do.</summary>
internal static class DoctorCommand
{
    internal static Command Create(Terminal terminal)
    {
        var json = CommandOptions.Json();
        var folder = CommandOptions.DeviceFolder();
        var command = new Command("doctor", "Say whether this system can run Hmm.NET, and how to fix what it lacks.")
        {
            json, folder,
        };
        command.SetAction((parse, _) => ErrorGate.RunAsync(terminal, () =>
        {
            var findings = Examination.Of(SystemFacts.Read(parse.GetRequiredValue(folder)));
            var report = new DoctorReport(Examination.CanRun(findings), findings);
            if (parse.GetValue(json))
            {
                JsonOutput.Write(terminal.Out, report);
            }
            else
            {
                Print(terminal, report);
            }

            return Task.FromResult(report.CanRun ? ExitCode.Ok : ExitCode.Unsupported);
        }));
        return command;
    }

    private static void Print(Terminal terminal, DoctorReport report)
    {
        const int StateWidth = 9;
        var subjectWidth = report.Findings.Max(finding => finding.Subject.Length) + 2;
        foreach (var finding in report.Findings)
        {
            var (word, colour) = finding.State switch
            {
                FindingState.Ok => ("ok", "green"),
                FindingState.Warning => ("warning", "yellow"),
                _ => ("problem", "red"),
            };
            var subject = finding.Subject.PadRight(subjectWidth);
            terminal.Ansi.MarkupLine($"[{colour}]{word.PadRight(StateWidth)}[/]{subject}{Markup.Escape(finding.Text)}");
            var indent = new string(' ', StateWidth + subjectWidth);
            foreach (var detail in finding.Details)
            {
                terminal.Ansi.MarkupLine($"{indent}[grey]{Markup.Escape(detail)}[/]");
            }

            if (finding.Fix is not null)
            {
                terminal.Ansi.MarkupLine($"{indent}fix: {Markup.Escape(finding.Fix)}");
            }
        }

        terminal.Out.WriteLine(report.CanRun
            ? "This system can run Hmm.NET."
            : "This system cannot run Hmm.NET until the problems above are fixed.");
    }
}
