// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;

namespace Hmm.Linux.Tests.Support;

// A small file system of a test's own.
internal sealed class MountedFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal MountedFolder(string type, string options)
    {
        var (code, output) = Run("mount", "-t", type, "-o", options, "none", Path);
        if (code != 0)
        {
            _folder.Dispose();
            throw new InvalidOperationException($"mount -t {type} -o {options} failed: {output.Trim()}");
        }
    }

    internal string Path => _folder.Path;

    public void Dispose()
    {
        var (code, output) = Run("umount", Path);
        Assert.True(code == 0, output);
        _folder.Dispose();
    }

    private static (int Code, string Output) Run(string program, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
            using var process = Process.Start(start)!;
            var output = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output);
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            return (-1, missing.Message);
        }
    }
}
