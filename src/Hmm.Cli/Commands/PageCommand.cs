// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using System.Globalization;
using Hmm.Cli.Output;
using Hmm.Cli.Reports;
using Hmm.Uapi;

namespace Hmm.Cli.Commands;

/// <summary>
/// <c>hmm page ADDRESS</c>: which page of which range an application's address belongs to.
/// </summary>
internal static class PageCommand
{
    internal static Command Create(Terminal terminal)
    {
        var address = new Argument<ulong>("ADDRESS")
        {
            Description = "An address of the application, in hexadecimal, with or without 0x.",
            CustomParser = result =>
            {
                if (TryParseAddress(result.Tokens[0].Value, out var parsed))
                {
                    return parsed;
                }

                result.AddError(
                    $"'{result.Tokens[0].Value}' is not an address; write it in hexadecimal, such as 0x7f12c000.");
                return 0;
            },
        };
        var process = new Option<uint?>("--pid")
        {
            Description = "The application, where several have a range there.",
            HelpName = "PID",
        };
        var socket = CommandOptions.Socket();
        var json = CommandOptions.Json();
        var command = new Command("page", "Say which page of which range an address belongs to.")
        {
            address, process, socket, json,
        };
        command.SetAction((parse, _) => ErrorGate.RunAsync(terminal, () =>
        {
            using var host = HostReader.Connect(parse.GetRequiredValue(socket));
            var found = PageReport.Find(host.Ranges(), parse.GetRequiredValue(address), parse.GetValue(process));
            if (parse.GetValue(json))
            {
                JsonOutput.Write(terminal.Out, PageReport.ToJson(found, parse.GetRequiredValue(address)));
            }
            else
            {
                PageReport.Print(terminal.Out, found, parse.GetRequiredValue(address));
            }

            return Task.FromResult(ExitCode.Ok);
        }));
        return command;
    }

    internal static bool TryParseAddress(string text, out ulong address)
    {
        var digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text;
        return ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out address)
            && address < Limits.AddressEnd;
    }
}
