// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;
using Hmm.Cli.Output;
using Hmm.Uapi;

namespace Hmm.Cli.Commands;

/// <summary>
/// The shape of every command that reads a running host: <c>--socket</c>, <c>--json</c>, one list
/// of records, shown as text or as JSON.
/// </summary>
internal static class HostReader
{
    /// <summary>Makes a command.</summary>
    /// <param name="terminal">Where it prints.</param>
    /// <param name="name">Its name.</param>
    /// <param name="description">One sentence.</param>
    /// <param name="read">Asks the host.</param>
    /// <param name="print">Prints the records as text.</param>
    /// <param name="toJson">What one record looks like in JSON.</param>
    internal static Command Create<TRecord>(
        Terminal terminal,
        string name,
        string description,
        Func<HmmHost, IReadOnlyList<TRecord>> read,
        Action<TextWriter, IReadOnlyList<TRecord>> print,
        Func<TRecord, object> toJson)
    {
        var socket = CommandOptions.Socket();
        var json = CommandOptions.Json();
        var command = new Command(name, description) { socket, json };
        command.SetAction((parse, _) => ErrorGate.RunAsync(terminal, () =>
        {
            using var host = Connect(parse.GetRequiredValue(socket));
            Show(terminal, read(host), parse.GetValue(json), print, toJson);
            return Task.FromResult(ExitCode.Ok);
        }));
        return command;
    }

    /// <summary>Shows a list of records, as text or as JSON.</summary>
    internal static void Show<TRecord>(
        Terminal terminal,
        IReadOnlyList<TRecord> records,
        bool json,
        Action<TextWriter, IReadOnlyList<TRecord>> print,
        Func<TRecord, object> toJson)
    {
        if (json)
        {
            JsonOutput.Write(terminal.Out, records.Select(toJson));
        }
        else
        {
            print(terminal.Out, records);
        }
    }

    /// <summary>Connects to a host.</summary>
    /// <exception cref="CommandException">Nobody listens there.</exception>
    internal static HmmHost Connect(string socketPath)
    {
        try
        {
            return HmmHost.Connect(socketPath, "hmm");
        }
        catch (HmmException exception) when (exception.Errno is Errno.ENOENT or Errno.ECONNREFUSED)
        {
            throw new CommandException(
                ExitCode.NoHost,
                $"no host listens on {socketPath}; start one with 'hmm host --socket {socketPath}', "
                + "or name its socket: --socket PATH",
                exception);
        }
    }
}
