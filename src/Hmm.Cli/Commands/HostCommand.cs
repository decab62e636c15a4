// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using System.Globalization;
using Hmm.Cli.Output;

namespace Hmm.Cli.Commands;

/// <summary>
/// <c>hmm host</c>: a host that several applications share, in this process, until it is told to
/// end.
/// </summary>
internal static class HostCommand
{
    internal const string Name = "host";

    // What the host's own program ends with: EX_USAGE and EX_UNAVAILABLE of sysexits.h.
    private const int HostUsage = 64;
    private const int HostUnavailable = 69;

    internal static Command Create(Terminal terminal)
    {
        var socket = CommandOptions.Socket();
        var budget = CommandOptions.Size(
            "--budget", "The DRAM that all ranges share (default: a quarter of the memory).");
        var devices = CommandOptions.Devices();
        var folder = CommandOptions.DeviceFolder();
        var size = CommandOptions.Size(
            "--device-size", "The most that the device may hold (default: the host decides).");
        var modules = new Option<string[]>("--module-folder")
        {
            Description = "A further folder that modules may be loaded from; may be given several times.",
            HelpName = "DIR",
        };
        var policy = new Option<string?>("--policy")
        {
            Description = "The reclaim policy, from the module of that name, as in cyclic (default: three queues).",
        };
        var deadline = new Option<string?>("--device-deadline")
        {
            Description = "How long a device may take for a copy, as in 30s or 500ms (default: 10s).",
        };
        var spin = new Option<string?>("--spin")
        {
            Description = "How long to look for the next fault before sleeping, 0us to 1ms "
                + "(default: 25us; on one processor 0us).",
        };
        var idlePoll = IdlePoll();
        var command = new Command(Name, "Run a host that applications share. Ctrl-C or SIGTERM ends it.")
        {
            socket, budget, devices, folder, size, modules, policy, deadline, spin, idlePoll,
        };
        command.SetAction((parse, _) => ErrorGate.RunAsync(terminal, async () =>
        {
            List<string> arguments =
            [
                "--socket", parse.GetRequiredValue(socket),
                "--device-folder", Path.GetFullPath(parse.GetRequiredValue(folder)),
            ];
            AddSize(arguments, "--budget", parse.GetValue(budget));
            AddSize(arguments, "--device-size", parse.GetValue(size));
            foreach (var device in parse.GetValue(devices) ?? [])
            {
                arguments.Add("--device");
                arguments.Add(device);
            }

            foreach (var other in parse.GetValue(modules) ?? [])
            {
                arguments.AddRange(["--module-folder", Path.GetFullPath(other)]);
            }

            AddText(arguments, policy.Name, parse.GetValue(policy));
            AddText(arguments, deadline.Name, parse.GetValue(deadline));
            AddText(arguments, spin.Name, parse.GetValue(spin));
            arguments.AddRange(parse.GetValue(idlePoll) ? [idlePoll.Name] : []);
            return await HostEntry.RunAsync([.. arguments]).ConfigureAwait(false) switch
            {
                HostUsage => ExitCode.Usage,
                HostUnavailable => ExitCode.Failed,
                var exitCode => exitCode,
            };
        }));
        return command;
    }

    private static void AddSize(List<string> arguments, string name, ulong? bytes) =>
        AddText(arguments, name, bytes?.ToString(CultureInfo.InvariantCulture));

    private static Option<bool> IdlePoll() => new("--idle-poll")
    {
        Description = "Keep processors awake while faults come, with time that nobody else wants.",
    };

    private static void AddText(List<string> arguments, string name, string? text)
    {
        if (text is not null)
        {
            arguments.AddRange([name, text]);
        }
    }
}
