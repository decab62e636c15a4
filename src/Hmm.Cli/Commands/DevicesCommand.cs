// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using Hmm.Cli.Output;
using Hmm.Cli.Reports;
using Hmm.Uapi;

namespace Hmm.Cli.Commands;

/// <summary>
/// <c>hmm devices</c> lists, <c>--distance</c> the ways between them; <c>hmm devices add DEVICE</c> makes one;
/// <c>hmm devices remove NAME</c> brings a device's pages elsewhere and removes it.
/// </summary>
internal static class DevicesCommand
{
    internal static Command Create(Terminal terminal)
    {
        var socket = CommandOptions.Socket();
        var json = CommandOptions.Json();
        var distance = new Option<bool>("--distance")
        {
            Description = "Say how far devices are from each other, and how pages went between them.",
        };
        var command = new Command("devices", "List the devices that hold pages, add one, or remove one.")
        {
            distance, socket, json,
        };
        command.SetAction((parse, _) => ErrorGate.RunAsync(terminal, () =>
        {
            using var host = HostReader.Connect(parse.GetRequiredValue(socket));
            if (parse.GetValue(distance))
            {
                HostReader.Show(
                    terminal, host.Peers(), parse.GetValue(json), DistanceReport.Print, DistanceReport.ToJson);
            }
            else
            {
                HostReader.Show(
                    terminal, host.Devices(), parse.GetValue(json), DeviceReport.Print, DeviceReport.ToJson);
            }

            return Task.FromResult(ExitCode.Ok);
        }));
        command.Add(CreateAdd(terminal));
        command.Add(CreateRemove(terminal));
        return command;
    }

    private static Command CreateAdd(Terminal terminal)
    {
        var text = new Argument<string>("DEVICE")
        {
            Description = "A driver and its parameters, as in block,folder=/var/tmp,size=64GiB.",
        };
        var socket = CommandOptions.Socket();
        var command =
            new Command("add", "Make a device; pages go to it when those before it are full.") { text, socket };
        command.SetAction((parse, cancellation) => ErrorGate.RunAsync(terminal, async () =>
        {
            var device = parse.GetRequiredValue(text);
            using var host = HostReader.Connect(parse.GetRequiredValue(socket));
            await host.AddDeviceAsync(device, cancellation).ConfigureAwait(false);
            terminal.Out.WriteLine($"added {device}");
            return ExitCode.Ok;
        }));
        return command;
    }

    private static Command CreateRemove(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "The device, as 'hmm devices' lists it." };
        var socket = CommandOptions.Socket();
        var command = new Command("remove", "Bring a device's pages elsewhere, then remove it; live.") { name, socket };
        command.SetAction((parse, cancellation) => ErrorGate.RunAsync(terminal, async () =>
        {
            var device = parse.GetRequiredValue(name);
            using var host = HostReader.Connect(parse.GetRequiredValue(socket));
            try
            {
                await host.RemoveDeviceAsync(device, cancellation).ConfigureAwait(false);
            }
            catch (HmmException exception) when (exception.Errno is Errno.ENODEV or Errno.ENOENT)
            {
                throw new CommandException(
                    ExitCode.NotFound, $"no device is named '{device}'; 'hmm devices' lists them", exception);
            }

            terminal.Out.WriteLine($"removed {device}");
            return ExitCode.Ok;
        }));
        return command;
    }
}
