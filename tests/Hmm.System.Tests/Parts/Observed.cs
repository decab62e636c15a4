// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Host;

namespace Hmm.System.Tests.Parts;

// A host that can be looked into: the real program on one thread, and on another an answer to every line of input.
internal static class Observed
{
    internal static int Host(string[] arguments)
    {
        new Thread(static () => Answer()) { IsBackground = true }.Start();
        return HostProgram.Run(arguments);
    }

    // How many bytes all threads of this process allocated until now.
    private static void Answer()
    {
        while (Console.In.ReadLine() is not null)
        {
            Console.Out.WriteLine(GC.GetTotalAllocatedBytes(precise: true).ToString(CultureInfo.InvariantCulture));
        }
    }
}
