// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.System.Tests.Support;
using Hmm.Uapi;

namespace Hmm.System.Tests.Parts;

// Applications of users who may do little.
internal static unsafe partial class Confined
{
    private const int MiB = 1 << 20;

    // Prints the errno and the sentence of mapping a file.
    internal static int MapUnreadable(string file)
    {
        using var host = Hosts.Start();
        try
        {
            host.MapFile<byte>(file).Dispose();
            return 1;
        }
        catch (HmmException refused)
        {
            Console.Out.WriteLine(refused.Errno);
            Console.Out.WriteLine(refused.Sentence);
            return 0;
        }
    }

    // With user-mode faults only: loads and stores work, a system call on an absent page says so.
    internal static int Degraded()
    {
        using var host = Hosts.Start(2);
        Console.Out.WriteLine(host.FaultMode);
        using var array = host.Allocate<ulong>(8 * MiB / sizeof(ulong));
        for (var i = 0L; i < array.Length; i++)
        {
            array[i] = Pattern.At(i);
        }

        var wrong = 0L;
        for (var i = 0L; i < array.Length; i++)
        {
            wrong += array[i] == Pattern.At(i) ? 0 : 1;
        }

        Console.Out.WriteLine($"wrong {wrong}");
        Hosts.WriteAndCheck(array, round: 1);
        Console.Out.WriteLine("bulk");
        Console.Out.WriteLine(ReadFileInto(array));
        return 0;
    }

    // Without any userfaultfd: the rung that an unprivileged user has left is taken away by a filter, as containers do.
    internal static int Sealed()
    {
        Filter();
        try
        {
            Hosts.Start().Dispose();
            return 1;
        }
        catch (HmmException refused)
        {
            Console.Out.WriteLine(refused.Errno);
            Console.Out.WriteLine(refused.Message);
            return 0;
        }
    }

    // A system call that writes to pages: first while they are away, then pinned.
    private static string ReadFileInto(HmmArray<ulong> array)
    {
        using var file = File.OpenHandle("/proc/self/exe");
        var pages = MemoryMarshal.AsBytes(array.Span(0, 512));
        array.DontNeed(0, array.Length);
        string absent;
        try
        {
            absent =
                RandomAccess.Read(file, pages, 0).ToString(global::System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (IOException refused)
        {
            absent = refused.Message.Contains("Bad address", StringComparison.Ordinal) ? "EFAULT" : refused.Message;
        }

        using var pin = array.Pin(0, 512);
        array.Populate(0, 512, write: true);
        return $"{absent} {RandomAccess.Read(file, pages, 0)}";
    }

    // userfaultfd(2) fails with EPERM on this thread from now on; everything else is allowed.
    private static void Filter()
    {
        const int NoNewPrivileges = 38;
        const int SetSeccomp = 22;
        const int ModeFilter = 2;
        var number = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 282u : 323u;

        // 1. Load the number of the call. 2. Is it this one? 3. Then EPERM. 4. Else allow.
        var instructions = stackalloc Instruction[]
        {
            new(0x20, 0, 0, 0),
            new(0x15, 0, 1, number),
            new(0x06, 0, 0, 0x00050001),
            new(0x06, 0, 0, 0x7FFF0000),
        };
        var program = new FilterProgram { Length = 4, Instructions = instructions };
        Require(ProcessControl(NoNewPrivileges, 1, 0) == 0);
        Require(ProcessControl(SetSeccomp, ModeFilter, (nint)(&program)) == 0);

        static void Require(bool done)
        {
            if (!done)
            {
                throw new InvalidOperationException(Marshal.GetLastPInvokeErrorMessage());
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int ProcessControl(int option, nint argument, nint pointer, nint unused4 =
        0, nint unused5 = 0);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Instruction(ushort Code, byte True, byte False, uint Value);

    private struct FilterProgram
    {
        public ushort Length;
        public Instruction* Instructions;
    }
}
