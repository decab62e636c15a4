// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Hmm.Linux.Tests.Support;

namespace Hmm.Linux.Tests;

/// <summary>
/// The children that tests spawn: this assembly, started with the name of a part to play.
/// </summary>
internal static class Program
{
    internal const int EchoExitCode = 7;

    private const int CloseOnExec = 0x80000; // O_CLOEXEC

    internal static string DotnetPath
        => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));

    internal static ChildProcess Spawn(string part, UnixSocket give, params string[] arguments)
        => ChildProcess.Spawn(DotnetPath, [typeof(Program).Assembly.Location, part, .. arguments], give);

    private static int Main(string[] arguments)
    {
        using var parent = UnixSocket.Adopt(ChildProcess.GivenDescriptor);
        return arguments[0] switch
        {
            "describe" => Describe(parent),
            "wait" => Wait(parent),
            "fault" => Fault(parent),
            "listen" => Listen(parent, arguments[1]),
            "noring" => NoRing(parent, arguments[1], uint.Parse(arguments[2], CultureInfo.InvariantCulture)),
            _ => 64,
        };
    }

    // Says what it was given, and returns a known code.
    private static int Describe(UnixSocket parent)
    {
        // Descriptors that the runtime opened for itself are close-on-exec; an inherited one can
        // never be.
        var inherited = new List<string>();
        foreach (var entry in Directory.EnumerateFiles("/proc/self/fd"))
        {
            var number = int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture);
            if ((FlagsOf(number) & CloseOnExec) == 0)
            {
                inherited.Add($"{number}");
            }
        }

        var stat = File.ReadAllText("/proc/self/stat");
        var group = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[2];
        var status = File.ReadAllLines("/proc/self/status");
        string[] lines =
        [
            $"inherited={string.Join(',', inherited.Order())}",
            $"stdin={new FileInfo("/proc/self/fd/0").LinkTarget}",
            $"group={group}",
            $"variable={Environment.GetEnvironmentVariable("HMM_TEST_VARIABLE")}",
            $"blocked={status.First(static line => line.StartsWith("SigBlk:", StringComparison.Ordinal))[7..].Trim()}",
        ];
        parent.Send(Encoding.UTF8.GetBytes(string.Join('\n', lines)), []);
        return EchoExitCode;
    }

    // The octal "flags:" line; the descriptor that listed the folder is gone by now.
    private static int FlagsOf(int descriptor)
    {
        const string Name = "flags:";
        var info = $"/proc/self/fdinfo/{descriptor}";
        if (!File.Exists(info))
        {
            return CloseOnExec;
        }

        var line = File.ReadLines(info).First(static line => line.StartsWith(Name, StringComparison.Ordinal));
        return Convert.ToInt32(line[Name.Length..].Trim(), 8);
    }

    // Lives until its socket closes.
    private static int Wait(UnixSocket parent)
    {
        parent.Send("ready"u8, []);
        parent.Receive(new byte[16], [], out _, out _);
        return 0;
    }

    // Listens on a path until its socket closes, or somebody kills it.
    private static int Listen(UnixSocket parent, string path)
    {
        using var listener = UnixSocket.Listen(path, 4);
        return Wait(parent);
    }

    // Makes a file with an io_uring where a system call is forbidden, and tells what came of it.
    private static int NoRing(UnixSocket parent, string folder, uint number)
    {
        SeccompFilter.Forbid(number);
        using var memory = new PageBuffer(4096);
        using var file = FileIo.CreateScratch(folder, 4096, workers: 1, ring: true);
        using var done = new Completions(1);
        file.Submit(new FileIoRequest(true, 0, memory.Address, 4096, done, 0));
        done.WaitForAll();
        parent.Send(Encoding.UTF8.GetBytes($"{file.HasRing} {done.Errors[0]} {file.WhyNoRing}"), []);
        return 0;
    }

    // Sends its userfaultfd and memory file, with the address of the range, and touches its first
    // page.
    private static int Fault(UnixSocket parent)
    {
        using var file = MemoryFile.Create("hmm-child", 1 << 16);
        using var memory = MappedMemory.Map(file, 1 << 16);
        using var faults = UserfaultFd.Open();
        faults.Register(memory.Address, memory.LengthBytes);
        parent.Send(
            BitConverter.GetBytes((long)memory.Address),
            [(int)faults.DangerousGetHandle(), (int)file.DangerousGetHandle()]);
        var error = MappedMemory.PopulateRead(memory.Address, 4096);
        return error == Hmm.Uapi.Errno.None ? Marshal.ReadByte(memory.Address) : 1;
    }
}
