// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using Hmm.Cli.Output;
using Hmm.Cli.Reports;
using Hmm.Conformance;

namespace Hmm.Cli.Commands;

/// <summary><c>hmm conformance DRIVER.dll</c> runs anyone's driver through its contract.</summary>
internal static class ConformanceCommand
{
    internal static Command Create(Terminal terminal)
    {
        var path = new Argument<string>("DRIVER.dll") { Description = "The driver's assembly." };
        var driver = new Option<string?>("--driver")
        {
            Description = "Which driver, where the module offers several.",
            HelpName = "NAME",
        };
        var parameters = new Option<string[]>("--parameter")
        {
            Description = "A parameter of its devices; may be given several times.",
            HelpName = "NAME=VALUE",
        };
        var modules = new Option<string[]>("--with")
        {
            Description = "A module to load first, a file or the name of one beside hmm; several times.",
            HelpName = "FILE",
        };
        var only = new Option<string[]>("--check")
        {
            Description = "Run this check only; may be given several times.",
            HelpName = "NAME",
        };
        var seed = new Option<int>("--seed")
        {
            Description = "Decides what is written where.",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
        };
        var json = CommandOptions.Json();
        var command = new Command("conformance", "Run a driver through its contract; exits with 1 if it breaks it.")
        {
            path, driver, parameters, modules, only, seed, json,
        };
        command.SetAction((parse, _) => ErrorGate.RunAsync(terminal, () =>
        {
            var options = new ConformanceOptions
            {
                Path = PathOf(parse.GetRequiredValue(path)),
                Driver = parse.GetValue(driver),
                Parameters = ParametersOf(parse.GetValue(parameters) ?? []),
                Modules = [.. (parse.GetValue(modules) ?? []).Select(PathOf)],
                Only = parse.GetValue(only) ?? [],
                Seed = parse.GetValue(seed),
            };
            var isJson = parse.GetValue(json);
            var report = ConformanceSuite.Run(
                options, isJson ? null : result => ConformanceText.Print(terminal.Out, result));
            if (isJson)
            {
                JsonOutput.Write(terminal.Out, report);
            }
            else
            {
                ConformanceText.PrintVerdict(terminal.Out, report);
            }

            return Task.FromResult(report.Passed ? ExitCode.Ok : ExitCode.Wrong);
        }));
        return command;
    }

    /// <summary>A file, or the name of a module beside hmm.</summary>
    private static string PathOf(string text) =>
        !File.Exists(text) && InTree.Modules.FirstOrDefault(file => Path.GetFileNameWithoutExtension(file) == text)
            is { } own ? own : text;

    private static Dictionary<string, string> ParametersOf(string[] texts)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in texts)
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0 || !parameters.TryAdd(text[..equals], text[(equals + 1)..]))
            {
                throw new CommandException(
                    ExitCode.Usage, $"'{text}' must be NAME=VALUE, each name once, as in --parameter size=64MiB");
            }
        }

        return parameters;
    }
}
