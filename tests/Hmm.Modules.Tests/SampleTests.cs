// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Hmm.Core.Modules;
using Hmm.Core.Physical;
using Hmm.Uapi;

namespace Hmm.Modules.Tests;

/// <summary>The samples, compiled from their sources, and the guide, compiled from its text.</summary>
public sealed partial class SampleTests : IDisposable
{
    private readonly LoaderFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void TheGuidesTextIsTheSample() =>
        Assert.Equal(Lines(Sample("ByteArrayDriver")).Skip(1), Lines(GuideCode()));

    [Fact]
    public unsafe void TheGuidesDriverKeepsPagesByteForByte()
    {
        _fixture.Load("ByteArrayDriver", GuideCode());
        Assert.Contains("ByteArrayDriver: offers driver 'byte-array'", _fixture.Log);
        using var lease = _fixture.Loader.AcquireDriver("byte-array", "device ram0");
        using var device = lease.Driver.CreateDevice("ram0", Values(lease.Driver, "1MiB"));
        Assert.Equal(1UL << 20, device.SizeBytes);
        device.Attach(null!, new Pfn(1000)); // It asks for no driver words.

        const int bytes = 4 * Pfn.SizeBytes;
        var buffer = (byte*)NativeMemory.AlignedAlloc(bytes, Pfn.SizeBytes);
        try
        {
            var data = new Span<byte>(buffer, bytes);
            new Random(7).NextBytes(data);
            var original = data.ToArray();
            var evict = new TestBatch().Add(new Pfn(1001), 3, (nint)buffer).Add(
                new Pfn(1255), 1, (nint)(buffer + (3 * Pfn.SizeBytes))).Give();
            device.Evict(evict);
            data.Clear();
            var fault = new TestBatch().Add(
                new Pfn(1255), 1, (nint)(buffer + (3 * Pfn.SizeBytes))).Add(new Pfn(1001), 3, (nint)buffer).Give();
            device.Fault(fault);

            Assert.True(data.SequenceEqual(original));
            Assert.Equal((1, 1, Errno.None), (evict.Completions, fault.Completions, fault.ErrorAt(1)));
            device.Free(new Pfn(1001), 3);
        }
        finally
        {
            NativeMemory.AlignedFree(buffer);
        }
    }

    [Fact]
    public void TheGuidesDriverRefusesSizesWithASentence()
    {
        _fixture.Load("ByteArrayDriver", GuideCode());
        using var lease = _fixture.Loader.AcquireDriver("byte-array", "device ram0");

        foreach (var size in new[] { "0", "4095", "2GiB" })
        {
            var error = Assert.Throws<HmmException>(
                () => lease.Driver.CreateDevice("ram0", Values(lease.Driver, size)));
            Assert.Equal(Errno.EINVAL, error.Errno);
            Assert.Contains("use a multiple of 4096, at most 1073741824", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void TheProprietarySampleLoadsAndTaints()
    {
        var module = _fixture.Load("ProprietaryOk", Sample("ProprietaryOk"));
        Assert.Equal(Taint.Proprietary, module.Taint & Taint.Proprietary);
        Assert.Contains("ProprietaryOk: the frame at 1 GiB is pfn 0x40000", _fixture.Log);

        _fixture.Loader.Unload("ProprietaryOk");
        Assert.Contains("ProprietaryOk: its managed resources are undone", _fixture.Log);
    }

    [Fact]
    public void TheProprietarySampleThatReachesForGplOnlyExportsIsRefused()
    {
        var error = _fixture.Refused(Errno.ENOENT, "ProprietaryRefused", Sample("ProprietaryRefused"));

        Assert.Contains("Hmm.Core.Devices.IDeviceMemoryOps (GPL-only)", error.Message, StringComparison.Ordinal);
        Assert.Contains(
            "Hmm.Core.Devices.CopyBatch.CompleteAll(Hmm.Uapi.Errno) (GPL-only)",
            error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void TheProprietarySampleThatGoesThroughAGplShimIsRefused()
    {
        _fixture.Load("GplShim", Sample("GplShim"));

        var error = _fixture.Refused(
            Errno.ENOENT, "ProprietaryThroughShim", Sample("ProprietaryThroughShim"), "GplShim");

        Assert.Contains(
            "GplShim.Shim.Complete(System.Object) (GPL-only, because it wraps a GPL-only export: "
                + "GplShim.Shim.Complete(System.Object) -> "
                + "Hmm.Core.Devices.CopyBatch.CompleteAll(Hmm.Uapi.Errno))",
            error.Message,
            StringComparison.Ordinal);
    }

    private static ParameterValues Values(IDeviceDriver driver, string size) =>
        ParameterValues.Parse(
            "driver " + driver.Name, driver.Parameters, new Dictionary<string, string> { ["size"] = size });

    private static string Sample(string name) => Repository.Read("samples", name, name + ".cs");

    private static string GuideCode() => string.Join(
        '\n', CodeBlock().Matches(
            Repository.Read("docs", "guides", "write-a-driver.md")).Select(m => m.Groups[1].Value));

    /// <summary>A page breaks its code where it talks about it, so blank lines do not count.</summary>
    private static IEnumerable<string> Lines(string text) => text.Split('\n').Where(l => l.Trim().Length > 0);

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
