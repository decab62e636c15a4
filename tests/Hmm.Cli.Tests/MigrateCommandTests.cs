// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Reports;
using Hmm.Cli.Tests.Support;
using Hmm.Uapi;

namespace Hmm.Cli.Tests;

/// <summary><c>hmm migrate</c>: on a running host, and what it makes of names and spans.</summary>
public sealed class MigrateCommandTests
{
    private static readonly RangeRecord Range = new()
    {
        SessionId = 3, RangeId = 1, ProcessId = 42, LengthBytes = 1 << 20, PageShift = 12,
        Name = FixedName.Create("vectors"),
    };

    [UserfaultFdFact]
    public void MovesAnotherProcesssPages()
    {
        using var folder = new TemporaryFolder();
        var socket = Path.Combine(folder.Path, "host.sock");
        using var host = HostProcess.Start(
            socket, "--budget", "4MiB", "--device", "memory,size=16MiB,name=near,memory,size=16MiB,name=far");
        using var application = HmmHost.Connect(socket);
        using var array = application.Allocate<long>(1 << 18, new HmmRangeOptions
        {
            Name = "vectors", Advice = Advice.Random,
        });
        array.Fill(0, 1 << 17, 7);

        var result = HmmProcess.Run("migrate", "vectors", "far", "--socket", socket, "--json").Ended(ExitCode.Ok).Json;
        Assert.Equal(512, result.GetProperty("pageCount").GetInt32());
        Assert.Equal(256, result.GetProperty("movedPages").GetInt32());
        Assert.True(result.GetProperty("isComplete").GetBoolean());
        var runs = result.GetProperty("results").EnumerateArray()
            .Select(static run => (run.GetProperty("pageCount").GetInt32(), run.GetProperty("result").GetString()));
        Assert.Equal([(256, "moved"), (256, "ENOENT")], runs);
        Assert.Equal("far", array.Describe(0).Device.ToString());

        var ways = HmmProcess.Run("devices", "--distance", "--socket", socket, "--json").Ended(ExitCode.Ok).Json;
        Assert.Equal(2, ways.GetArrayLength());
        Assert.Equal(0, ways[0].GetProperty("distance").GetInt32());
        Assert.Equal("bounced", ways[0].GetProperty("type").GetString());
        var matrix = HmmProcess.Run("devices", "--distance", "--socket", socket).Ended(ExitCode.Ok).Output;
        Assert.Contains("FROM \\ TO  near  far", matrix, StringComparison.Ordinal);

        using var pin = array.Pin(0, 1);
        var stayed = HmmProcess.Run("migrate", "vectors", "near", "--pages", "2", "--socket", socket)
            .Ended(ExitCode.Busy).Output;
        Assert.Contains("stay: pinned (EBUSY)", stayed, StringComparison.Ordinal);

        HmmProcess.Run("migrate", "vectors", "nothing", "--socket", socket).Refused(ExitCode.NotFound, "'nothing'");
        HmmProcess.Run("migrate", "nobody", "far", "--socket", socket).Refused(ExitCode.NotFound, "'nobody'");
        HmmProcess.Run("migrate", "vectors", "far", "--first", "512", "--socket", socket)
            .Refused(ExitCode.Usage, "512 pages");
        HmmProcess.Run("migrate", "vectors", "far", "--first", "-1", "--socket", socket)
            .Refused(ExitCode.Usage, "--first");
    }

    [Fact]
    public void FindsARangeByNameOrByNumbers()
    {
        var twin = Range with { ProcessId = 43, RangeId = 2 };

        Assert.Equal(1UL, MigrateReport.Find([Range], "vectors", null).RangeId);
        Assert.Equal(2UL, MigrateReport.Find([Range, twin], "3/2", null).RangeId);
        Assert.Equal(2UL, MigrateReport.Find([Range, twin], "vectors", 43).RangeId);
        Refused(ExitCode.Usage, "3/1 or 3/2", () => MigrateReport.Find([Range, twin], "vectors", null));
        Refused(ExitCode.NotFound, "'3/9'", () => MigrateReport.Find([Range], "3/9", null));
    }

    [Theory]
    [InlineData(256, null)]
    [InlineData(0, 257L)]
    [InlineData(255, 2L)]
    [InlineData(0, 0L)]
    public void RefusesPagesThatAreNotThere(long first, long? count) =>
        Refused(ExitCode.Usage, "256 pages", () => MigrateReport.CheckSpan(Range, first, count));

    [Fact]
    public void CountsFromTheFirstPageOn()
    {
        Assert.Equal(256, MigrateReport.CheckSpan(Range, 0, null));
        Assert.Equal(6, MigrateReport.CheckSpan(Range, 250, null));
        Assert.Equal(5, MigrateReport.CheckSpan(Range, 250, 5));
    }

    private static void Refused(int exitCode, string words, Action action)
    {
        var refused = Assert.Throws<CommandException>(action);
        Assert.Equal(exitCode, refused.ExitCode);
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }
}
