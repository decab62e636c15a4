// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.Json;
using Hmm.Cli.Output;
using Hmm.Cli.Reports;
using Hmm.Uapi;

namespace Hmm.Cli.Tests;

/// <summary>What the reading commands print, from records as the host sends them.</summary>
public sealed class ReportTests
{
    private static readonly RangeRecord Range = new()
    {
        SessionId = 3,
        RangeId = 1,
        ProcessId = 42,
        BaseAddress = 0x7f00_0000_0000,
        LengthBytes = 1 << 20,
        PageShift = 12,
        ResidentPages = 16,
        DevicePages = 240,
        Faults = 99,
        Name = FixedName.Create("vectors"),
    };

    [Fact]
    public void IomemPrintsAsTheKernelDoes()
    {
        ResourceRecord[] records =
        [
            Resource(0, 0x1_0000_0000, 0, "System RAM"),
            Resource(0x1000, 0x1000, 1, "budget"),
            Resource(0xf_ffff_0000_0000, 0x1_0000_0000, 0, "block0"),
        ];
        Assert.Equal(
            """
            00000000-ffffffff : System RAM
              00001000-00001fff : budget
            fffff00000000-fffffffffffff : block0

            """,
            Text(ResourceReport.Print, records));
    }

    [Fact]
    public void TablesAlignAndNameEnumerationsInLowerCase()
    {
        var map = new PageMapRecord
        {
            Start = 0x1000,
            LengthBytes = 0x2000,
            FramesUsed = 1,
            FramesFree = 1,
            References = 1,
            Type = PageMapType.Coherent,
            State = LifetimeState.Draining,
            Owner = FixedName.Create("block"),
        };
        var lines = Text(PageMapReport.Print, [map]).Split('\n');
        Assert.Equal(
            lines[0].IndexOf("OWNER", StringComparison.Ordinal), lines[1].IndexOf("block", StringComparison.Ordinal));
        Assert.Contains("00001000-00002fff", lines[1], StringComparison.Ordinal);
        Assert.Contains("coherent", lines[1], StringComparison.Ordinal);
        Assert.Contains("draining", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void AnUnknownStateIsShownAsItsNumber() => Assert.Equal("77", Words.Of((LifetimeState)77));

    [Fact]
    public void DevicesAndRangesPrintBytes()
    {
        var device = new DeviceRecord { SizeBytes = 1 << 30, UsedBytes = 1 << 20, Name = FixedName.Create("block0") };
        Assert.Contains("1.00 GiB  1.00 MiB", Text(DeviceReport.Print, [device]), StringComparison.Ordinal);
        Assert.Contains("64.0 KiB", Text(RangeReport.Print, [Range]), StringComparison.Ordinal);
    }

    [Fact]
    public void EveryReportIsJsonToo()
    {
        var output = new StringWriter();
        JsonOutput.Write(output, new[] { RangeReport.ToJson(Range) });
        var range = JsonDocument.Parse(output.ToString()).RootElement[0];
        Assert.Equal("vectors", range.GetProperty("name").GetString());
        Assert.Equal("anonymous", range.GetProperty("kind").GetString());
        Assert.Equal(16 * 4096, range.GetProperty("residentBytes").GetInt64());
        Assert.Equal(
            "block0", Json(DeviceReport.ToJson(new DeviceRecord { Name = FixedName.Create("block0") }), "name"));
        Assert.Equal("private", Json(PageMapReport.ToJson(new PageMapRecord { Type = PageMapType.Private }), "type"));
        Assert.Equal(
            "systemRam", Json(ResourceReport.ToJson(new ResourceRecord { Kind = ResourceKind.SystemRam }), "kind"));
    }

    [Fact]
    public void AnAddressFindsItsPage()
    {
        var other = Range with { BaseAddress = Range.BaseAddress + Range.LengthBytes };
        var found = PageReport.Find([other, Range], Range.BaseAddress + 0x1234, processId: null);
        Assert.Equal(Range.BaseAddress, found.BaseAddress);
        var text = Text((output, range) => PageReport.Print(output, range[0], Range.BaseAddress + 0x1234), [found]);
        Assert.Contains("1 of 256, 4.00 KiB, from 0x7f0000001000", text, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAddressOfNobodyOrOfSeveralIsRefused()
    {
        var twin = Range with { ProcessId = 43 };
        Refused(ExitCode.NotFound, [Range], Range.BaseAddress - 1, null);
        Refused(ExitCode.NotFound, [Range], Range.BaseAddress + Range.LengthBytes, null);
        Refused(ExitCode.NotFound, [Range], Range.BaseAddress, 7);
        Refused(ExitCode.Usage, [Range, twin], Range.BaseAddress, null);
        Assert.Equal(43u, PageReport.Find([Range, twin], Range.BaseAddress, 43).ProcessId);
    }

    private static void Refused(int exitCode, RangeRecord[] ranges, ulong address, uint? processId) => Assert.Equal(
        exitCode, Assert.Throws<CommandException>(() => PageReport.Find(ranges, address, processId)).ExitCode);

    private static ResourceRecord Resource(ulong start, ulong length, uint depth, string name) =>
        new() { Start = start, LengthBytes = length, Depth = depth, Name = FixedName.Create(name) };

    private static string Text<T>(Action<TextWriter, IReadOnlyList<T>> print, IReadOnlyList<T> records)
    {
        var output = new StringWriter();
        print(output, records);
        return output.ToString();
    }

    private static string? Json(object value, string property)
    {
        var output = new StringWriter();
        JsonOutput.Write(output, value);
        return JsonDocument.Parse(output.ToString()).RootElement.GetProperty(property).GetString();
    }
}
