// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.System.Tests.Support;

// A child without any privilege.
internal static class OtherUser
{
    // "nobody" on every distribution.
    internal const int Id = 65534;

    internal static Child Play(string part, params string[] arguments)
    {
        string[] drop = [$"--reuid={Id}", $"--regid={Id}", "--clear-groups", "--inh-caps=-all", "--no-new-privs"];
        return Child.Start(
            "setpriv",
            [.. drop, Runs.DotnetPath, typeof(OtherUser).Assembly.Location, part, .. arguments],
            ("HOME", "/tmp"),
            ("DOTNET_CLI_HOME", "/tmp"));
    }
}
