// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using Hmm.Cli.Tests.Support;

namespace Hmm.Cli.Tests;

/// <summary>
/// The main job and a shared host, as a user runs them: real processes, real faults.
/// </summary>
public sealed class EndToEndTests
{
    private const ulong BudgetBytes = 4 << 20;

    [UserfaultFdFact]
    public void TheDemoIsRightOnDataSixTimesItsBudget()
    {
        using var folder = new TemporaryFolder();
        WriteData(folder, totalBytes: 24 << 20);
        var result = HmmProcess.Run("demo", "--data", folder.Path, "--budget", "4MiB", "--json").Ended(ExitCode.Ok);
        var report = result.Json;
        Assert.True(report.GetProperty("right").GetBoolean(), result.Output);
        Assert.Equal(BudgetBytes, report.GetProperty("budgetBytes").GetUInt64());
        Assert.InRange(report.GetProperty("peakResidentBytes").GetUInt64(), 1UL << 20, BudgetBytes + (4 << 20));
        Assert.Equal(0, report.GetProperty("filesWrong").GetArrayLength());
        // The data went out and came back more than once, or nothing was proved.
        var pages = report.GetProperty("rangeBytes").GetUInt64() / 4096;
        Assert.InRange(report.GetProperty("fills").GetUInt64(), 2 * pages, ulong.MaxValue);
        Assert.InRange(report.GetProperty("evictions").GetUInt64(), 2 * pages, ulong.MaxValue);
        Assert.Equal(4, report.GetProperty("phases").GetArrayLength());
    }

    [UserfaultFdFact]
    public void TheDemoPrintsPlainLinesInAPipe()
    {
        using var folder = new TemporaryFolder();
        WriteData(folder, totalBytes: 8 << 20);
        var result = HmmProcess.Run(
            "demo", "--data", folder.Path, "--budget", "2MiB", "--seed", "7").Ended(ExitCode.Ok);
        Assert.DoesNotContain('\e', result.Output);
        Assert.Contains("seed 7", result.Output, StringComparison.Ordinal);
        Assert.Contains("peak resident", result.Output, StringComparison.Ordinal);
        Assert.Contains("All was right", result.Output, StringComparison.Ordinal);
    }

    [UserfaultFdFact]
    public void TheDemoIsRightOverAChainOfDevices()
    {
        using var folder = new TemporaryFolder();
        WriteData(folder, totalBytes: 16 << 20);
        var devices = $"compressed,memory=1MiB,block,folder={folder.Path},size=64MiB";
        var result = HmmProcess.Run(
            "demo", "--data", folder.Path, "--budget", "4MiB", "--device", devices).Ended(ExitCode.Ok);
        Assert.Contains($"the rest goes to {devices}", result.Output, StringComparison.Ordinal);
        Assert.Contains("All was right", result.Output, StringComparison.Ordinal);
    }

    [UserfaultFdFact]
    public void ThePersistentDemoIsRightAndLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        using var place = new TemporaryFolder();
        WriteData(folder, totalBytes: 12 << 20);
        var report = HmmProcess.Run(
            "demo", "--pmem", "--data", folder.Path, "--budget", "4MiB", "--device-folder", place.Path, "--json")
            .Ended(ExitCode.Ok).Json;
        Assert.True(report.GetProperty("right").GetBoolean());
        Assert.Contains("by another host", report.GetProperty("verdict").GetString(), StringComparison.Ordinal);
        Assert.Equal(
            ["load", "checkpoint", "reopen", "check", "sort", "verify"],
            report.GetProperty("phases").EnumerateArray().Select(
                static phase => phase.GetProperty("phase").GetString()));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, report.GetProperty("pmemFile").ValueKind);
        Assert.Empty(Directory.GetFileSystemEntries(place.Path));
    }

    [UserfaultFdFact]
    public void ThePersistentDemoKeepsAFileThatIsNamedAndGoesOnFromIt()
    {
        using var folder = new TemporaryFolder();
        using var place = new TemporaryFolder();
        WriteData(folder, totalBytes: 8 << 20);
        var file = Path.Combine(place.Path, "demo.pmem");
        for (var turn = 0; turn < 2; turn++)
        {
            var output = HmmProcess.Run("demo", "--pmem", file, "--data", folder.Path, "--budget", "2MiB")
                .Ended(ExitCode.Ok).Output;
            Assert.Contains($"persistent in {file}", output, StringComparison.Ordinal);
            Assert.Contains("checkpoint done in", output, StringComparison.Ordinal);
            Assert.Contains($"in {file}, as loaded", output, StringComparison.Ordinal);
            Assert.Contains("demo", HmmProcess.Run("pmem", "list", file).Ended(ExitCode.Ok).Output);
            HmmProcess.Run("pmem", "check", file).Ended(ExitCode.Ok);
        }

        // Another data set is another range.
        folder.Write("more", new byte[1 << 20]);
        HmmProcess.Run("demo", "--pmem", file, "--data", folder.Path, "--budget", "2MiB")
            .Refused(ExitCode.Failed, "Range 'demo' has");
    }

    [UserfaultFdFact]
    public void PersistentFilesThatCannotBeAreRefused()
    {
        using var folder = new TemporaryFolder();
        WriteData(folder, totalBytes: 1 << 20);
        folder.Write("foreign", new byte[100_000]);
        string[] demo = ["demo", "--data", folder.Path, "--budget", "2MiB", "--pmem"];
        HmmProcess.Run([.. demo, "--device", "memory"]).Refused(ExitCode.Usage, "either --pmem or --device");
        HmmProcess.Run([.. demo, "/no/such/folder/file"]).Refused(ExitCode.DeviceFolder, "/no/such/folder");
        HmmProcess.Run([.. demo, Path.Combine(folder.Path, "a,b")]).Refused(ExitCode.Usage, "comma");

        // The host says it first, on the standard error that they share.
        var foreign = HmmProcess.Run([.. demo, Path.Combine(folder.Path, "foreign")]).Ended(ExitCode.Failed);
        Assert.Contains("foreign", foreign.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(folder.Path, "foreign")), "what is somebody's stays");
    }

    [UserfaultFdFact]
    public void BudgetsThatCannotBeAreRefused()
    {
        using var folder = new TemporaryFolder();
        WriteData(folder, totalBytes: 1 << 20);
        foreach (var budget in new[] { "0", "1MiB", "4PiB" })
        {
            HmmProcess.Run("demo", "--data", folder.Path, "--budget", budget).Refused(ExitCode.Usage, "budget");
        }
    }

    [UserfaultFdFact]
    public void TheDemoEndsWhenItsHostIsKilled()
    {
        using var folder = new TemporaryFolder();
        WriteData(folder, totalBytes: 64 << 20);
        using var demo = HmmProcess.Start([], "demo", "--data", folder.Path, "--budget", "2MiB");
        // The first line is printed when the range stands, before the first page is touched.
        Assert.Contains("files of", demo.StandardOutput.ReadLine(), StringComparison.Ordinal);
        using (var host = Process.GetProcessById(ChildOf(demo)))
        {
            host.Kill();
        }

        Assert.True(demo.WaitForExit(TimeSpan.FromSeconds(60)), "the demo waits for a host that is gone");
        Assert.Equal(ExitCode.Failed, demo.ExitCode);
        Assert.Contains("the host ended", demo.StandardError.ReadToEnd(), StringComparison.Ordinal);
    }

    [UserfaultFdFact]
    public void ASharedHostAnswersUntilItIsToldToEnd()
    {
        using var folder = new TemporaryFolder();
        var socket = Path.Combine(folder.Path, "host.sock");
        using var host = HmmProcess.Start(
            [], "host", "--socket", socket, "--budget", "16MiB", "--device-folder", folder.Path);
        try
        {
            WaitForSocket(socket, host);
            var iomem = HmmProcess.Run("iomem", "--socket", socket).Ended(ExitCode.Ok).Output;
            Assert.Contains("System RAM", iomem, StringComparison.Ordinal);
            var resources = HmmProcess.Run("iomem", "--socket", socket, "--json").Ended(ExitCode.Ok).Json;
            Assert.Contains(
                "System RAM", resources.EnumerateArray().Select(static one => one.GetProperty("name").GetString()));
            var devices = HmmProcess.Run("devices", "--socket", socket, "--json").Ended(ExitCode.Ok).Json;
            Assert.NotEqual(0, devices.GetArrayLength());
            Assert.NotEqual(
                0, HmmProcess.Run("pagemaps", "--socket", socket, "--json").Ended(ExitCode.Ok).Json.GetArrayLength());
            Assert.Equal("[]", HmmProcess.Run("ranges", "--socket", socket, "--json").Ended(ExitCode.Ok).Output.Trim());
            HmmProcess.Run("page", "1000", "--socket", socket).Refused(ExitCode.NotFound, "no range holds");
            HmmProcess.Run("devices", "remove", "nothing", "--socket", socket).Refused(ExitCode.NotFound, "'nothing'");
            Remove(devices[0].GetProperty("name").GetString()!, socket);
        }
        finally
        {
            End(host);
        }

        Assert.False(File.Exists(socket), "the host left its socket behind");
        Assert.Equal(ExitCode.Ok, host.ExitCode);
    }

    /// <summary>The one process that a process has started.</summary>
    private static int ChildOf(Process process)
    {
        var children = Directory.GetDirectories($"/proc/{process.Id}/task")
            .Select(thread => File.ReadAllText($"{thread}/children"))
            .SelectMany(list => list.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return int.Parse(Assert.Single(children), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static void Remove(string device, string socket)
    {
        HmmProcess.Run("devices", "remove", device, "--socket", socket).Ended(ExitCode.Ok);
        var left = HmmProcess.Run("devices", "--socket", socket).Ended(ExitCode.Ok).Output;
        Assert.DoesNotContain(device, left, StringComparison.Ordinal);
    }

    /// <summary>Waits until the host's socket is there, or the host is gone.</summary>
    private static void WaitForSocket(string socket, Process host)
    {
        var limit = Stopwatch.StartNew();
        while (!File.Exists(socket))
        {
            Assert.False(
                host.WaitForExit(20),
                "the host ended at once: " + (host.HasExited ? host.StandardError.ReadToEnd() : ""));
            Assert.True(limit.Elapsed < TimeSpan.FromSeconds(30), "the host did not listen within 30 s");
        }
    }

    /// <summary>SIGTERM, as a service manager sends it.</summary>
    private static void End(Process host)
    {
        using var kill = Process.Start("kill", ["-TERM", $"{host.Id}"]);
        kill.WaitForExit();
        if (!host.WaitForExit(TimeSpan.FromSeconds(30)))
        {
            host.Kill(entireProcessTree: true);
            host.WaitForExit();
            Assert.Fail("the host did not end within 30 s of SIGTERM");
        }
    }

    /// <summary>Files of many sizes, random bytes and text, as a folder of real ones has.</summary>
    private static void WriteData(TemporaryFolder folder, int totalBytes)
    {
        var random = new Random(1);
        for (var (written, number) = (0, 0); written < totalBytes; number++)
        {
            var bytes = new byte[Math.Min(totalBytes - written, random.Next(1, 3 << 20))];
            if (number % 2 == 0)
            {
                random.NextBytes(bytes);
            }
            else
            {
                bytes.AsSpan().Fill((byte)('a' + (number % 26)));
            }

            folder.Write($"{number % 3}/{number}.bin", bytes);
            written += bytes.Length;
        }
    }
}
