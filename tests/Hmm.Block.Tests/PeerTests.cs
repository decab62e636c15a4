// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Linux;
using Hmm.Modules.Block;
using Hmm.Uapi;
using Xunit.Abstractions;

namespace Hmm.Block.Tests;

/// <summary>
/// Pages that come from other devices as they were kept there, and go to others as they are kept here: packed, read one
/// by one and in runs, moved by the cleaner, exported, freed.
/// </summary>
public sealed class PeerTests(ITestOutputHelper output)
{
    private const ulong SizeBytes = 32UL << 20;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(4, true)]
    public void PackedPagesMatchADictionary(int seed, bool encrypt)
    {
        using var world = new BlockWorld(new FaultyFile(LogSize.FileBytesFor(SizeBytes), seed), SizeBytes, encrypt);
        using var peers = new Peers(world);
        var counts = Run(world, peers, seed, steps: 6_000, faulty: false);
        Assert.True(counts.PagesMoved > 0, "the cleaner never worked, so nothing was tested of it");
        Assert.True(counts.PagesJoined > counts.PagesWritten / 4, "pages share places");
    }

    [Theory]
    [InlineData(5, false)]
    [InlineData(6, true)]
    public void TransfersThatFailNeverGiveWrongBytes(int seed, bool encrypt)
    {
        var file = new FaultyFile(LogSize.FileBytesFor(SizeBytes), seed)
        {
            Faults = static (request, random) => random.Next(100) switch
            {
                0 => (Errno.EIO, 0),
                1 => (Errno.EIO, random.Next(request.LengthBytes)),
                2 => (Errno.None, random.Next(request.LengthBytes)),
                3 when request.Write && random.Next(20) == 0 => (Errno.ENOSPC, random.Next(request.LengthBytes)),
                _ => (Errno.None, request.LengthBytes),
            },
        };
        using var world = new BlockWorld(file, SizeBytes, encrypt);
        using var peers = new Peers(world);
        Run(world, peers, seed, steps: 4_000, faulty: true, () => file.Faults = null);
    }

    [Theory]
    [InlineData(7, false)]
    [InlineData(8, true)]
    public void ARealFileMatchesADictionary(int seed, bool encrypt)
    {
        using var folder = new TemporaryFolder();
        var io = FileIo.CreateScratch(folder.Path, LogSize.FileBytesFor(SizeBytes), 4, ring: true);
        using var world = new BlockWorld(new BlockFile(io, folder.Path, 0, 4), SizeBytes, encrypt);
        using var peers = new Peers(world);
        Run(world, peers, seed, steps: 3_000, faulty: false);
    }

    [Fact]
    public void APageGoesOnAsItIsKeptOrDecoded()
    {
        using var world = new BlockWorld(new FaultyFile(LogSize.FileBytesFor(SizeBytes), 1), SizeBytes);
        using var peers = new Peers(world);
        var (first, count) = world.Allocate(8);
        var kinds = Enumerable.Range(0, count).Select(static i => (Kind)(i % 4)).ToArray();
        Assert.Equal(Errno.None, peers.Import(first, kinds, version: 1));

        var batch = peers.Export(first, count, static _ => true, out var error);
        Assert.Equal(Errno.None, error);
        for (var i = 0; i < count; i++)
        {
            Assert.Equal(Peers.EncodingOf(kinds[i]), batch.PageAt(0, i).Encoding);
            Assert.True(peers.IsAsMade(i, batch.PageAt(0, i), first + i, kinds[i], 1), $"page {i} as it was kept");
        }

        batch = peers.Export(first, count, static encoding => encoding.IsPlain, out error);
        Assert.Equal(Errno.None, error);
        for (var i = 0; i < count; i++)
        {
            Assert.True(batch.PageAt(0, i).Encoding.IsPlain, "what is not wanted as it is kept comes decoded");
            Assert.True(peers.IsPage(i, first + i, kinds[i], 1), $"page {i} decoded");
        }

        world.Put(first, count);
    }

    [Fact]
    public void APageThatWasDamagedBeforeItCameIsAnErrorAndItsNeighboursAreNot()
    {
        using var world = new BlockWorld(new FaultyFile(LogSize.FileBytesFor(SizeBytes), 1), SizeBytes);
        using var peers = new Peers(world);
        var (first, _) = world.Allocate(3);
        Assert.Equal(Errno.None, peers.Import(first, [Kind.Word, Kind.Lz4, Kind.Word], version: 1, damaged: 1));

        Assert.Equal(Errno.None, world.Fill(first, 1));
        Assert.True(peers.IsPage(0, first, Kind.Word, 1));
        Assert.Equal(Errno.EIO, world.Fill(first + 1, 1));
        Assert.Equal(Errno.None, world.Fill(first + 2, 1));
        Assert.True(peers.IsPage(0, first + 2, Kind.Word, 1));
        Assert.Equal(1, world.Device.Counts.LivePages);
        world.Put(first, 2);
        Assert.Equal(Errno.None, world.Fill(first + 2, 1));
        world.Put(first + 2, 1);
        Assert.Equal(0, world.Device.Counts.LivePages);
    }

    [Fact]
    public void PagesOfOneWordTakeHardlyAnyRoom()
    {
        using var world = new BlockWorld(new FaultyFile(LogSize.FileBytesFor(SizeBytes), 1), SizeBytes);
        using var peers = new Peers(world);
        var (first, count) = world.Allocate(128);
        Assert.Equal(Errno.None, peers.Import(first, [.. Enumerable.Repeat(Kind.Word, count)], version: 1));
        Assert.Equal(1, world.Device.Counts.LivePages);

        // All of them from one place, in reads of at most 32 pages.
        Assert.Equal(Errno.None, world.Fill(first, count));
        for (var i = 0; i < count; i++)
        {
            Assert.True(peers.IsPage(i, first + i, Kind.Word, 1), $"page {i}");
        }

        world.Put(first, count);
    }

    [Fact]
    public void RunsSayWhereTheirPlacesAreRead()
    {
        var run = new ReadRun(100, 3, 1, 1);
        Assert.True(run.TryExtend(101, out run));
        Assert.True(run.TryExtend(101, out run));
        Assert.True(run.TryExtend(102, out run));
        Assert.Equal(new ReadRun(100, 3, 4, 3), run);
        Assert.True(run.IsShared);
        Assert.Equal(4, run.FirstSlot);
        Assert.False(run.TryExtend(104, out _));
        Assert.False(run.TryExtend(101, out _));
        Assert.Equal(run, SharedTag.Unpack(SharedTag.Pack(8191, run), out var copy));
        Assert.Equal(8191, copy);
        var last = new ReadRun(uint.MaxValue - 2, 511, 32, 31);
        Assert.Equal(last, SharedTag.Unpack(SharedTag.Pack(0, last), out copy));
        Assert.Equal(0, copy);
        Assert.False(last.TryExtend(last.Place + 30, out _), "32 frames are all that a tag can say");
    }

    private LogCounts Run(
        BlockWorld world, Peers peers, int seed, int steps, bool faulty, Action? heal = null)
    {
        var random = new Random(seed);
        var kept = new List<(Pfn Frame, Kind Kind, int Version)>();
        for (var step = 0; step < steps; step++)
        {
            var where = $"seed {seed}, step {step}";
            var full = world.Memory.Statistics.FramesUsed >= (SizeBytes >> 12) - 128;
            if (!full && random.Next(3) > 0)
            {
                var (first, count) = world.Allocate(1 + random.Next(100));
                var kinds = Enumerable.Range(0, count).Select(_ => (Kind)random.Next(4)).ToArray();
                var error = peers.Import(first, kinds, step);
                Assert.True(faulty || error == Errno.None, $"{where}: {error}");
                if (error == Errno.None)
                {
                    kept.AddRange(kinds.Select((kind, i) => (first + i, kind, step)));
                }
                else
                {
                    world.Put(first, count);
                }
            }
            else if (kept.Count > 0 && (full || random.Next(2) == 0))
            {
                for (var i = random.Next(120); i > 0 && kept.Count > 0; i--)
                {
                    var at = random.Next(random.Next(4) == 0 ? 0 : kept.Count * 3 / 4, kept.Count);
                    world.Put(kept[at].Frame, 1);
                    (kept[at], kept[^1]) = (kept[^1], kept[at]);
                    kept.RemoveAt(kept.Count - 1);
                }
            }
            else if (kept.Count > 0)
            {
                Check(world, peers, kept, random, faulty, where);
            }
        }

        heal?.Invoke();
        foreach (var (frame, kind, version) in kept)
        {
            Assert.Equal(Errno.None, world.Fill(frame, 1));
            Assert.True(peers.IsPage(0, frame, kind, version), $"seed {seed}, at the end: {frame}");
        }

        var counts = world.Device.Counts;
        output.WriteLine($"seed {seed}: {kept.Count} pages, {counts}");
        kept.ForEach(page => world.Put(page.Frame, 1));
        Assert.True(
            SpinWait.SpinUntil(() => world.Device.Counts.LivePages == 0, 30_000), $"{world.Device.Counts} are left");
        return counts;
    }

    /// <summary>Reads a run of pages that were written together, decoded or as it is kept.</summary>
    private static void Check(
        BlockWorld world,
        Peers peers,
        List<(Pfn Frame, Kind Kind, int Version)> kept,
        Random random,
        bool faulty,
        string where)
    {
        var at = random.Next(kept.Count);
        var count = 1;
        while (at + count < kept.Count && count < 90 && kept[at + count].Frame == kept[at].Frame + count)
        {
            count++;
        }

        var export = random.Next(3) == 0;
        PeerBatch? batch = null;
        Errno error;
        if (export)
        {
            var wanted = random.Next(4);
            batch = peers.Export(kept[at].Frame, count, encoding => wanted != 0 || encoding.IsPlain, out error);
        }
        else
        {
            error = world.Fill(kept[at].Frame, count);
        }

        Assert.True(faulty || error == Errno.None, $"{where}: {error}");
        for (var i = 0; error == Errno.None && i < count; i++)
        {
            var (frame, kind, version) = kept[at + i];
            var right = batch is null
                ? peers.IsPage(i, frame, kind, version)
                : peers.IsAsMade(i, batch.PageAt(0, i), frame, kind, version);
            Assert.True(right, $"{where}: wrong bytes of {frame}");
        }
    }
}
