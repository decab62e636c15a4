// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Core.Physical;
using Hmm.Linux;
using Xunit.Abstractions;

namespace Hmm.Compressed.Tests;

/// <summary>What the store costs beyond the codec, on the files of the .NET installation that runs the tests.</summary>
public sealed unsafe class RealDataTests(ITestOutputHelper output)
{
    // Every 16th page of hundreds of megabytes: a few tens, spread over all kinds of files.
    private const int PageStride = 16;
    private const double WasteMax = 0.12;

    [Theory]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public void StoredBytesAreWithinTwelvePercentOfTheCodecs(string name)
    {
        using var codec = name == "lz4" ? (Codec)Lz4Codec.Open() : ZstdCodec.Open();
        using var world = new DeviceWorld(
            name == "lz4" ? Lz4Codec.Open() : ZstdCodec.Open(), sizeBytes: 256 << 20, memoryBytes: 128 << 20);
        var frames = new List<Pfn>();
        long pages = 0, codecBytes = 0, kept = 0;
        var scratch = (nint)NativeMemory.AlignedAlloc(2 * Pfn.SizeBytes, Pfn.SizeBytes);
        try
        {
            foreach (var page in Pages())
            {
                pages++;
                if (!world.TryEvict(page, out var frame))
                {
                    continue;
                }

                kept++;
                frames.Add(frame);
                fixed (byte* source = page)
                {
                    codecBytes += page.AsSpan().IndexOfAnyExcept((byte)0) < 0
                        ? 0
                        : codec.Compress((nint)source, Pfn.SizeBytes, scratch, 2 * Pfn.SizeBytes);
                }
            }
        }
        finally
        {
            NativeMemory.AlignedFree((void*)scratch);
        }

        var used = world.Hooks.Objects.UsedBytes;
        var overhead = ((double)used / codecBytes) - 1;
        output.WriteLine(
            $"{name}: {pages} pages, {kept} kept; codec {(double)kept * Pfn.SizeBytes / codecBytes:0.00}:1, stored "
                + $"{(double)kept * Pfn.SizeBytes / used:0.00}:1, {overhead:P1} over the codec");
        Assert.True(pages > 2000, $"the installation has {pages} pages");
        Assert.True(overhead < WasteMax, $"{used} bytes for {codecBytes} of the codec: {overhead:P1} more");
        foreach (var frame in frames)
        {
            world.Memory.PageMap.Put(frame, 1);
        }
    }

    /// <summary>The ratios that decided the unit; docs/internals/compressed.md has what they mean.</summary>
    [Theory]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public void LargerUnitsCompressBetter(string name)
    {
        using var codec = name == "lz4" ? (Codec)Lz4Codec.Open() : ZstdCodec.Open();
        var ratios = new double[3];
        int[] units = [4 << 10, 16 << 10, 64 << 10];
        var clock = new double[3];
        for (var i = 0; i < units.Length; i++)
        {
            ratios[i] = Ratio(codec, units[i], out clock[i]);
            output.WriteLine(
                $"{name}, {units[i] >> 10} KiB: {ratios[i]:0.00}:1, back in {clock[i]:0.0} us a unit");
        }

        Assert.True(ratios[0] < ratios[1] && ratios[1] < ratios[2], string.Join(", ", ratios));
        Assert.True(ratios[0] > 1.3, $"{ratios[0]:0.00}:1 at 4 KiB");
    }

    private static double Ratio(Codec codec, int unit, out double microseconds)
    {
        var packed = (nint)NativeMemory.AlignedAlloc((nuint)(2 * unit), Pfn.SizeBytes);
        var back = (nint)NativeMemory.AlignedAlloc((nuint)unit, Pfn.SizeBytes);
        long before = 0, after = 0, count = 0, ticks = 0;
        try
        {
            foreach (var chunk in Chunks(unit))
            {
                fixed (byte* source = chunk)
                {
                    var bytes = codec.Compress((nint)source, unit, packed, 2 * unit);
                    before += unit;
                    after += Math.Min(bytes, unit);
                    var begun = System.Diagnostics.Stopwatch.GetTimestamp();
                    Assert.Equal(unit, codec.Decompress(packed, bytes, back, unit));
                    ticks += System.Diagnostics.Stopwatch.GetTimestamp() - begun;
                    count++;
                }
            }
        }
        finally
        {
            NativeMemory.AlignedFree((void*)packed);
            NativeMemory.AlignedFree((void*)back);
        }

        microseconds = ticks * 1e6 / System.Diagnostics.Stopwatch.Frequency / count;
        return (double)before / after;
    }

    private static IEnumerable<byte[]> Pages() => Chunks(Pfn.SizeBytes);

    /// <summary>
    /// Whole units of the installation's files: one in each 64 KiB for small units, so that all see the same.
    /// </summary>
    private static IEnumerable<byte[]> Chunks(int unit)
    {
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        var buffer = new byte[unit];
        foreach (var path in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Order())
        {
            using var file = File.OpenHandle(path);
            var length = RandomAccess.GetLength(file);
            for (var at = 0L; at + (64 << 10) <= length; at += (long)PageStride * Pfn.SizeBytes * 4)
            {
                for (var inside = 0; inside < 64 << 10; inside += unit)
                {
                    if (RandomAccess.Read(file, buffer, at + inside) == unit)
                    {
                        yield return buffer;
                    }
                }
            }
        }
    }
}
