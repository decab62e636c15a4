// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.System.Tests.Parts;

namespace Hmm.System.Tests;

/// <summary>The children that tests start: this assembly, with the name of a part to play.</summary>
internal static class Program
{
    private static int Main(string[] arguments) => arguments switch
    {
        ["nothing"] => 0,
        ["host", .. var line] => Observed.Host(line),
        ["map-unreadable", var file] => Confined.MapUnreadable(file),
        ["degraded"] => Confined.Degraded(),
        ["sealed"] => Confined.Sealed(),
        ["write-shared", var socket, var file] => Doomed.WriteShared(socket, file),
        ["burn", var socket, var seed] => Doomed.Burn(socket, seed),
        ["wait-for-page", var socket] => Doomed.WaitForPage(socket),
        ["touch-lost", var file] => Doomed.TouchLost(file),
        ["persist", var file, var keep] => Persisting.Run(file, keep),
        ["interrupted"] => Doomed.Interrupted(),
        _ => 64,
    };
}
