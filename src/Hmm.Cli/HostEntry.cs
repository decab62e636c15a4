// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;

namespace Hmm.Cli;

/// <summary>
/// Runs the host in this process: the very program that applications start as their private host.
/// </summary>
internal static class HostEntry
{
    internal static Task<int> RunAsync(string[] arguments) => Task.Run(() =>
    {
        var main = Assembly.Load("Hmm.Host").EntryPoint!;
        return (int)main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [arguments], null)!;
    });
}
