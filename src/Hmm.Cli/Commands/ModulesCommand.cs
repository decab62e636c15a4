// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using System.Text;
using Hmm.Cli.Output;
using Hmm.Cli.Reports;
using Hmm.Uapi;

namespace Hmm.Cli.Commands;

/// <summary>
/// <c>hmm modules</c> lists the modules of a running host and its taints; <c>load</c>, <c>unload</c> and <c>info</c> do
/// what they say, live.
/// </summary>
internal static class ModulesCommand
{
    internal static Command Create(Terminal terminal)
    {
        var socket = CommandOptions.Socket();
        var json = CommandOptions.Json();
        var command = new Command("modules", "List the host's modules and taints; load, unload, or explain one.")
        {
            socket, json, CreateLoad(terminal), CreateUnload(terminal), CreateInfo(terminal),
        };
        command.SetAction((parse, _) => ErrorGate.RunAsync(terminal, () =>
        {
            using var host = HostReader.Connect(parse.GetRequiredValue(socket));
            var (modules, taints) = (host.Modules(), host.Taints());
            if (parse.GetValue(json))
            {
                JsonOutput.Write(terminal.Out, ModuleReport.ToJson(modules, taints));
            }
            else
            {
                ModuleReport.Print(terminal.Out, modules, taints);
            }

            return Task.FromResult(ExitCode.Ok);
        }));
        return command;
    }

    private static Command CreateLoad(Terminal terminal)
    {
        var module = new Argument<string>("MODULE")
        {
            Description = "A module in one of the host's folders, or the path of a file in one.",
        };
        var parameters = new Option<string[]>("--parameter")
        {
            Description = "A parameter of the module; may be given several times.",
            HelpName = "NAME=VALUE",
        };
        var force = new Option<bool>("--force")
        {
            Description = "Load it although it was compiled against another contract version; taints the host.",
        };
        var socket = CommandOptions.Socket();
        var command = new Command("load", "Load a module, and first the modules that it needs.")
        {
            module, parameters, force, socket,
        };
        command.SetAction((parse, cancellation) => ErrorGate.RunAsync(terminal, async () =>
        {
            var name = NameOrPath(parse.GetRequiredValue(module));
            using var host = HostReader.Connect(parse.GetRequiredValue(socket));
            string[] parts = [name, .. parse.GetValue(parameters) ?? []];
            if (parts.FirstOrDefault(static part => part.Contains(',', StringComparison.Ordinal)) is { } bad)
            {
                throw new CommandException(
                    ExitCode.Usage, $"'{bad}' has a comma, which separates parameters on their way to the host");
            }

            try
            {
                await host.LoadModuleAsync(string.Join(',', parts), parse.GetValue(force), cancellation)
                    .ConfigureAwait(false);
            }
            catch (HmmException exception) when (IsCut(exception) && host.Module(name).Refusal is { } whole)
            {
                throw new CommandException(ExitCode.Failed, whole, exception);
            }

            terminal.Out.WriteLine($"loaded {name}");
            return ExitCode.Ok;
        }));
        return command;
    }

    private static Command CreateUnload(Terminal terminal)
    {
        var module = new Argument<string>("NAME") { Description = "The module, as 'hmm modules' lists it." };
        var socket = CommandOptions.Socket();
        var command = new Command("unload", "Unload a module that nobody uses.") { module, socket };
        command.SetAction((parse, cancellation) => ErrorGate.RunAsync(terminal, async () =>
        {
            var name = parse.GetRequiredValue(module);
            using var host = HostReader.Connect(parse.GetRequiredValue(socket));
            try
            {
                await host.UnloadModuleAsync(name, cancellation).ConfigureAwait(false);
            }
            catch (HmmException exception) when (exception.Errno == Errno.ENOENT)
            {
                throw new CommandException(
                    ExitCode.NotFound, $"no module '{name}' is loaded; 'hmm modules' lists them", exception);
            }

            terminal.Out.WriteLine($"unloaded {name}");
            return ExitCode.Ok;
        }));
        return command;
    }

    private static Command CreateInfo(Terminal terminal)
    {
        var module = new Argument<string>("MODULE")
        {
            Description = "A loaded module, one in the host's folders, or the path of a file in one.",
        };
        var socket = CommandOptions.Socket();
        var json = CommandOptions.Json();
        var command = new Command("info", "Say what a module is, uses and exports, without running its code.")
        {
            module, socket, json,
        };
        command.SetAction((parse, _) => ErrorGate.RunAsync(terminal, () =>
        {
            using var host = HostReader.Connect(parse.GetRequiredValue(socket));
            var info = host.Module(NameOrPath(parse.GetRequiredValue(module)));
            if (parse.GetValue(json))
            {
                JsonOutput.Write(terminal.Out, info);
            }
            else
            {
                ModuleReport.PrintOne(terminal.Out, info);
            }

            return Task.FromResult(ExitCode.Ok);
        }));
        return command;
    }

    /// <summary>
    /// Whether the sentence was as long as the boundary lets one be: a refusal lists every symbol, and some are lost.
    /// </summary>
    private static bool IsCut(HmmException exception) =>
        Encoding.UTF8.GetByteCount(exception.Sentence) > Limits.TextBytesMax - 4;

    /// <summary>The host's working folder is not this one: a path goes to it whole.</summary>
    private static string NameOrPath(string text) =>
        text.Contains('/', StringComparison.Ordinal) || File.Exists(text) ? Path.GetFullPath(text) : text;
}
