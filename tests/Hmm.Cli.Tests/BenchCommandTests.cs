// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.Json;
using Hmm.Cli.Tests.Support;

namespace Hmm.Cli.Tests;

/// <summary><c>hmm bench</c> as a user runs it: real processes, real faults, small sizes.</summary>
public sealed class BenchCommandTests
{
    [UserfaultFdFact]
    public void EveryPatternIsRightOnAFileFourTimesTheBudget()
    {
        using var folder = new TemporaryFolder();
        string[] patterns = ["randrw", "zipf", "hot", "seqread", "seqwrite", "strided", "scan", "sort", "join"];
        foreach (var pattern in patterns)
        {
            var result = HmmProcess.Run(
                "bench", "--pattern", pattern, "--size", "16MiB", "--budget", "4MiB", "--device-folder", folder.Path,
                "--ops", "5000", "--warm-seconds", "0.1").Ended(ExitCode.Ok).Json;
            Assert.Equal(pattern, result.GetProperty("op").GetString());
            Assert.Equal(0, result.GetProperty("bad").GetInt64());
            Assert.InRange(result.GetProperty("faults").GetUInt64(), 1UL, ulong.MaxValue);
            Assert.InRange(result.GetProperty("resident_peak").GetUInt64(), 1UL, 8UL << 20);
        }

        // The file was ours: it is gone.
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [UserfaultFdFact]
    public void ARangeOnADeviceIsFilledAndChecked()
    {
        var result = HmmProcess.Run(
            "bench", "--pattern", "randwrite", "--device", "memory,size=16MiB", "--size", "8MiB", "--budget", "2MiB",
            "--threads", "2", "--ops", "4000", "--warm-seconds", "0").Ended(ExitCode.Ok).Json;
        Assert.Equal(4000, result.GetProperty("writes").GetInt64());
        Assert.Equal(0, result.GetProperty("bad").GetInt64());
        Assert.InRange(result.GetProperty("evicted_pages").GetUInt64(), 1UL, ulong.MaxValue);
    }

    [MemoryGroupFact]
    public void AComparisonRunsBothSidesUnderALimit()
    {
        using var folder = new TemporaryFolder();
        var document = HmmProcess.Run(
            "bench", "--pattern", "randread", "--against", "mmap-random,memory-mapped-file", "--size", "64MiB",
            "--budget", "16MiB", "--device-folder", folder.Path, "--seconds", "0.5", "--warm-seconds", "0.2",
            "--rounds", "1", "--json").Ended(ExitCode.Ok).Json;
        Assert.True(document.GetProperty("right").GetBoolean());
        var runs = document.GetProperty("runs").EnumerateArray().ToList();
        var backends = runs.ConvertAll(run => run.GetProperty("backend").GetString());
        Assert.Equal(["hmm", "mmap-random", "memory-mapped-file"], backends);
        foreach (var run in runs)
        {
            // The group's limit held, and the data did not fit in it: whoever kept more than the budget would not
            // fault.
            Assert.InRange(run.GetProperty("cg_max").GetInt64(), 1, run.GetProperty("limit").GetInt64());
            Assert.InRange(run.GetProperty("slow_frac").GetDouble(), 0.3, 1);
        }

        var ratio = document.GetProperty("ratios")[0].GetProperty("ops_s");
        Assert.InRange(ratio.GetProperty("median").GetDouble(), double.Epsilon, double.MaxValue);
    }

    [Theory]
    [InlineData("randread", "--pattern", "often")]
    [InlineData("--target", "--target", "disk")]
    [InlineData("memory-mapped-file", "--against", "mmap,disk")]
    [InlineData("at least 1MiB", "--size", "4k")]
    [InlineData("largest page", "--budget", "1MiB")]
    [InlineData("from 1 to 64", "--threads", "0")]
    [InlineData("from 0 to 1", "--write-fraction", "2")]
    [InlineData("between 0 and 1", "--theta", "1")]
    [InlineData("or give --ops", "--seconds", "0")]
    [InlineData("sequential", "--advice", "sometimes")]
    [InlineData("from 1 to 100", "--against", "mmap", "--rounds", "0")]
    public void WhatCannotBeIsRefused(string words, params string[] arguments) =>
        HmmProcess.Run(["bench", .. arguments]).Refused(ExitCode.Usage, words);

    [Fact]
    public void AFolderThatIsMissingIsRefused() =>
        HmmProcess.Run("bench", "--device-folder", "/no/such/folder").Refused(ExitCode.DeviceFolder, "create it");

    [Fact]
    public void AnonymousMemoryWithoutSwapIsRefused()
    {
        // More than any swap here.
        HmmProcess.Run(
            "bench", "--against", "anon", "--device", "memory,size=4MiB", "--size", "4PiB", "--budget", "4MiB")
            .Refused(ExitCode.Unsupported, "makes a swap file");
    }
}
