// SPDX-License-Identifier: GPL-2.0-or-later
using System.CommandLine;

namespace Hmm.Cli.Commands;

/// <summary>
/// The options that several commands share, so that each is spelled and explained once.
/// </summary>
internal static class CommandOptions
{
    internal static Option<bool> Json() => new("--json") { Description = "Print one JSON document." };

    internal static Option<string> Socket() => new("--socket")
    {
        Description = $"The host's socket: {SocketPath.DefaultInWords}.",
        HelpName = "PATH",
        DefaultValueFactory = _ => SocketPath.Default(),
    };

    internal static Option<string> DeviceFolder() => new("--device-folder")
    {
        Description = "Where device memory is created.",
        HelpName = "DIR",
        DefaultValueFactory = _ => Path.TrimEndingDirectorySeparator(Path.GetTempPath()),
    };

    internal static Option<string[]> Devices() => new("--device")
    {
        Description = "Devices for pages that leave DRAM, fastest first, as in compressed,block,folder=/var/tmp "
            + "(default: block).",
        HelpName = "DEVICES",
    };

    internal static Option<string?> Trace() => new("--trace")
    {
        Description = "Record a trace of the pages into a file, for 'hmm replay'.",
        HelpName = "FILE",
    };

    internal static Option<bool> TraceFull() => new("--trace-full")
    {
        Description = "With --trace: see nearly every use of a page; several times slower meanwhile.",
    };

    /// <summary>An option that takes a size; null when it is not given.</summary>
    internal static Option<ulong?> Size(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SIZE",
        CustomParser = result =>
        {
            if (ByteSize.TryParse(result.Tokens.Count > 0 ? result.Tokens[^1].Value : "", out var bytes, out var error))
            {
                return bytes;
            }

            result.AddError($"{name}: {error}");
            return null;
        },
    };
}
