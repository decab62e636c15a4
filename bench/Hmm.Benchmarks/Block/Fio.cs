// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Text.Json;

namespace Hmm.Benchmarks.Block;

/// <summary>fio, as a program of its own.</summary>
internal static class Fio
{
    public static bool IsInstalled
    {
        get
        {
            try
            {
                return Version.Length > 0;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return false;
            }
        }
    }

    public static string Version => Start("--version").Trim();

    /// <summary>Transfers a second, over one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="lengthBytes">How much of it, from its start.</param>
    /// <param name="what">What to measure.</param>
    public static double Run(string path, ulong lengthBytes, BlockCase what)
    {
        string[] arguments =
        [
            "--name=hmm", "--output-format=json", "--ioengine=io_uring", "--direct=1", "--fixedbufs=1", "--thread",
            "--randrepeat=0", "--norandommap=1", $"--filename={path}", $"--size={lengthBytes}", $"--rw={what.Name}",
            $"--bs={what.Pages * 4}k", $"--iodepth={what.Depth}", "--time_based=1", "--runtime=1",
        ];
        using var report = JsonDocument.Parse(Start(arguments));
        var job = report.RootElement.GetProperty("jobs")[0];
        return job.GetProperty(what.Write ? "write" : "read").GetProperty("iops").GetDouble();
    }

    private static string Start(params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo("fio", arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"fio {string.Join(' ', arguments)} failed: {output}");
    }
}
