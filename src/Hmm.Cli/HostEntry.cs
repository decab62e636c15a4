// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli;

/// <summary>
/// Runs the host in this process: the very program that applications start as their private host.
/// </summary>
internal static class HostEntry
{
    internal static Task<int> RunAsync(string[] arguments) => Task.Run(() => Hmm.Host.HostProgram.Run(arguments));
}
