// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;

namespace Hmm.Linux.Tests.Support;

// A block device of a test's own, in a file.
internal sealed class LoopDevice : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal LoopDevice(long lengthBytes)
    {
        var file = _folder.File("disk");
        using (var created = File.Create(file))
        {
            created.SetLength(lengthBytes);
        }

        var (code, output, error) = Run("losetup", "--find", "--show", file);
        if (code != 0)
        {
            _folder.Dispose();
            throw new InvalidOperationException($"losetup failed: {error.Trim()}");
        }

        Path = output.Trim();
    }

    internal string Path { get; }

    public void Dispose()
    {
        var (code, _, error) = Run("losetup", "--detach", Path);
        Assert.True(code == 0, error);
        _folder.Dispose();
    }

    internal static (int Code, string Output, string Error) Run(string program, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments)
            {
                RedirectStandardError = true, RedirectStandardOutput = true,
            };
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output, error.Result);
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return (-1, "", missing.Message);
        }
    }
}
