// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace Hmm.System.Tests.Support;

// Signals to processes that a test started itself.
internal static partial class Signal
{
    internal const int Interrupt = 2;
    internal const int Bus = 7;
    internal const int Abort = 6;
    internal const int Kill = 9;
    internal const int Terminate = 15;
    internal const int Continue = 18;
    internal const int Stop = 19;

    internal static void Send(int processId, int signal)
    {
        Assert.True(processId > 1, "a test signals a process of its own");
        Assert.True(SendCore(processId, signal) == 0,
            $"kill({processId}, {signal}) failed: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    // To a process group that a child leads.
    internal static void SendToGroup(int leader, int signal)
    {
        Assert.True(leader > 1, "a test signals a group of its own");
        Assert.True(SendCore(-leader, signal) == 0,
            $"kill(-{leader}, {signal}) failed: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendCore(int processId, int signal);
}
