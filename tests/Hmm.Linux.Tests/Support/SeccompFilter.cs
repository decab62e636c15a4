// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace Hmm.Linux.Tests.Support;

// What containers do to system calls: one of them fails with EPERM on this thread, and on threads that it starts.
internal static unsafe partial class SeccompFilter
{
    private const int NoNewPrivileges = 38;
    private const int SetSeccomp = 22;
    private const int ModeFilter = 2;

    internal static void Forbid(uint number)
    {
        // 1. Load the number of the call. 2. Is it this one? 3. Then EPERM. 4. Else allow.
        var instructions = stackalloc Instruction[]
        {
            new(0x20, 0, 0, 0),
            new(0x15, 0, 1, number),
            new(0x06, 0, 0, 0x00050001),
            new(0x06, 0, 0, 0x7FFF0000),
        };
        var program = new FilterProgram { Length = 4, Instructions = instructions };
        Assert.Equal(0, ProcessControl(NoNewPrivileges, 1, 0));
        Assert.Equal(0, ProcessControl(SetSeccomp, ModeFilter, (nint)(&program)));
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int ProcessControl(
        int option, nint argument, nint pointer, nint unused4 = 0, nint unused5 = 0);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Instruction(ushort Code, byte True, byte False, uint Value);

    private struct FilterProgram
    {
        public ushort Length;
        public Instruction* Instructions;
    }
}
