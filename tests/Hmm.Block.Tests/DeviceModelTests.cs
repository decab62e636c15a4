// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Linux;
using Hmm.Modules.Block;
using Hmm.Uapi;
using Xunit.Abstractions;

namespace Hmm.Block.Tests;

/// <summary>
/// Random evictions, fills and frees against a dictionary, with the cleaner at work meanwhile: in memory, with
/// transfers that fail, and on a real file.
/// </summary>
public sealed class DeviceModelTests(ITestOutputHelper output)
{
    private const ulong SizeBytes = 32UL << 20;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void MemoryMatchesADictionary(int seed, bool encrypt)
    {
        using var world = new BlockWorld(new FaultyFile(LogSize.FileBytesFor(SizeBytes), seed), SizeBytes, encrypt);
        var counts = Run(world, seed, steps: 12_000, faulty: false);
        Assert.True(counts.PagesMoved > 0, "the cleaner never worked, so nothing was tested of it");
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void TransfersThatFailNeverGiveWrongBytes(int seed, bool encrypt)
    {
        var file = new FaultyFile(LogSize.FileBytesFor(SizeBytes), seed) { Faults = Fail };
        using var world = new BlockWorld(file, SizeBytes, encrypt);
        Run(world, seed, steps: 8_000, faulty: true, () => file.Faults = null);
    }

    [Theory]
    [InlineData(1, false, true)]
    [InlineData(2, true, true)]
    [InlineData(3, false, false)]
    public void RealFileMatchesADictionary(int seed, bool encrypt, bool ring)
    {
        using var folder = new TemporaryFolder();
        var io = FileIo.CreateScratch(folder.Path, LogSize.FileBytesFor(SizeBytes), 4, ring);
        output.WriteLine(io.HasRing ? "io_uring" : io.WhyNoRing);
        using var world = new BlockWorld(new BlockFile(io, folder.Path, 0, 4), SizeBytes, encrypt);
        var counts = Run(world, seed, steps: 8_000, faulty: false);
        Assert.True(counts.PagesMoved > 0, "the cleaner never worked, so nothing was tested of it");
    }

    // Some transfers stop short, some fail, some that fail have written a part.
    private static (Errno Error, int Bytes) Fail(FileIoRequest request, Random random) => random.Next(100) switch
    {
        0 => (Errno.EIO, 0),
        1 => (Errno.EIO, random.Next(request.LengthBytes)),
        2 => (Errno.None, random.Next(request.LengthBytes)),
        3 when request.Write && random.Next(20) == 0 => (Errno.ENOSPC, random.Next(request.LengthBytes)),
        _ => (Errno.None, request.LengthBytes),
    };

    private LogCounts Run(BlockWorld world, int seed, int steps, bool faulty, Action? heal = null)
    {
        var random = new Random(seed);
        var versions = new Dictionary<Pfn, int>();
        var frames = new List<Pfn>();
        for (var step = 0; step < steps; step++)
        {
            var where = $"seed {seed}, step {step}";
            var full = world.Memory.Statistics.FramesUsed >= (SizeBytes >> 12) - 64;
            if (!full && random.Next(3) > 0)
            {
                var (first, count) = world.Allocate(1 + random.Next(64));
                var error = world.Evict(first, count, step);
                Assert.True(faulty || error == Errno.None, $"{where}: {error}");
                for (var i = 0; error == Errno.None && i < count; i++)
                {
                    versions.Add(first + i, step);
                    frames.Add(first + i);
                }

                if (error != Errno.None)
                {
                    world.Put(first, count);
                }
            }
            else if (frames.Count > 0 && (full || random.Next(2) == 0))
            {
                // Mostly young pages, so that segments age apart and cleaning is worth it.
                for (var i = random.Next(120); i > 0 && frames.Count > 0; i--)
                {
                    var from = random.Next(4) == 0 ? 0 : frames.Count * 3 / 4;
                    var at = random.Next(from, frames.Count);
                    world.Put(frames[at], 1);
                    versions.Remove(frames[at]);
                    (frames[at], frames[^1]) = (frames[^1], frames[at]);
                    frames.RemoveAt(frames.Count - 1);
                }
            }
            else if (frames.Count > 0)
            {
                var frame = frames[random.Next(frames.Count)];
                var error = world.Fill(frame, 1);
                Assert.True(faulty || error == Errno.None, $"{where}: {error}");
                var right = error != Errno.None || world.IsAsMade(0, frame, versions[frame]);
                Assert.True(right, $"{where}: wrong bytes of {frame}");
            }
        }

        heal?.Invoke();
        foreach (var frame in frames)
        {
            world.AssertHolds(frame, versions[frame], $"seed {seed}, at the end");
        }

        // What the cleaner moves is counted twice until it is done.
        Assert.True(
            SpinWait.SpinUntil(() => world.Device.Counts.LivePages == frames.Count, 30_000),
            $"seed {seed}: {world.Device.Counts.LivePages} places for {frames.Count} pages");
        var counts = world.Device.Counts;
        output.WriteLine($"seed {seed}: {counts}");
        foreach (var frame in frames)
        {
            world.Put(frame, 1);
        }

        Assert.Equal(0, world.Device.Counts.LivePages);
        return counts;
    }
}
