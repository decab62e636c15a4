// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Uapi;
using Xunit.Abstractions;

namespace Hmm.Pmem.Tests;

/// <summary>
/// What a power cut leaves: every prefix of the writes, the unsynced ones torn into sectors of which any may have
/// arrived, in any order. The file must hold the last checkpoint that returned, or the one that was being made.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int SectorBytes = 512;
    private const int Steps = 60;
    private const int TriesPerPrefix = 3;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void LeavesTheLastCheckpointOrTheOneBefore(int variant)
    {
        var seed = SeedOf(variant);
        output.WriteLine($"seed {seed} (HMM_SEED={seed} replays it)");
        var cuts = 0;
        Assert.True(TryFindLoss(seed, PmemMutant.None, out var loss, ref cuts), $"seed {seed}: {loss}");
        output.WriteLine($"{cuts} crashes");
    }

    [Theory]
    [InlineData(PmemMutant.RootBeforeSync)]
    [InlineData(PmemMutant.NoSyncAfterRoot)]
    public void CatchesAProtocolThatLosesData(PmemMutant mutant)
    {
        var cuts = 0;
        Assert.False(TryFindLoss(1, mutant, out var loss, ref cuts), $"{mutant} survived {cuts} crashes");
        output.WriteLine($"{mutant}: {loss}");
    }

    [Theory]
    [InlineData(PmemMutant.None, true)]
    [InlineData(PmemMutant.FreeTooEarly, false)]
    public void ADamagedLastRootLeavesTheOneBeforeWhole(PmemMutant mutant, bool whole)
    {
        var world = new StoreWorld(new Random(7), mutant);
        for (var step = 0; step < Steps; step++)
        {
            world.Step();
        }

        // After every single operation: the frames of the root before may not be used again while it is the fallback.
        var bytes = new byte[world.File.Bytes.Length];
        var losses = 0;
        for (var at = 0; at < world.File.Log.Count; at++)
        {
            var (offset, data) = world.File.Log[at];
            data?.CopyTo(bytes.AsSpan((int)offset));
            if (at + 1 < world.Returned[0].LogLength)
            {
                continue;
            }

            var last = PmemStore.Open(new MemoryPmemFile(bytes)).Current;
            var damaged = (last.Slot * PmemFormat.FrameBytes) + 40;
            bytes[damaged] ^= 1;
            losses += JudgeFallback(world, bytes, last.Sequence - 1) is null ? 0 : 1;
            bytes[damaged] ^= 1;
        }

        Assert.Equal(whole, losses == 0);
    }

    private static string? JudgeFallback(StoreWorld world, byte[] bytes, ulong expected)
    {
        var file = new MemoryPmemFile(bytes);
        try
        {
            var store = PmemStore.Open(file);
            return store.Current.Sequence == expected ? world.Compare(file, store) : "not the root before";
        }
        catch (HmmException exception)
        {
            return exception.Message;
        }
    }

    private static int SeedOf(int variant) =>
        int.TryParse(Environment.GetEnvironmentVariable("HMM_SEED"), CultureInfo.InvariantCulture, out var seed)
            ? seed
            : Random.Shared.Next(1 << 20) + variant;

    private static bool TryFindLoss(int seed, PmemMutant mutant, out string loss, ref int cuts)
    {
        var random = new Random(seed);
        var world = new StoreWorld(random, mutant);
        for (var step = 0; step < Steps; step++)
        {
            world.Step();
        }

        // The file as it is when everything up to the last sync before the cut is durable.
        var durable = new byte[world.File.Bytes.Length];
        var epoch = new List<(ulong Offset, byte[] Data)>();
        loss = string.Empty;
        var returned = 0;
        for (var at = 0; at < world.File.Log.Count; at++)
        {
            var (offset, data) = world.File.Log[at];
            if (data is null)
            {
                epoch.ForEach(write => write.Data.CopyTo(durable.AsSpan((int)write.Offset)));
                epoch.Clear();
            }
            else
            {
                epoch.Add((offset, data));
            }

            while (returned + 1 < world.Returned.Count && world.Returned[returned + 1].LogLength <= at + 1)
            {
                returned++;
            }

            // Before the file was made there is none.
            for (var attempt = 0; at + 1 >= world.Returned[0].LogLength && attempt < TriesPerPrefix; attempt++)
            {
                cuts++;
                if (Judge(world, Cut(durable, epoch, random), world.Returned[returned].Root) is { } wrong)
                {
                    loss = $"after {at + 1} of {world.File.Log.Count} operations: {wrong}";
                    return false;
                }
            }
        }

        return true;
    }

    // Only the sectors that arrived are kept apart: a copy of the whole file for each cut would take most of the time.
    private static OverlaidPmemFile Cut(byte[] durable, List<(ulong Offset, byte[] Data)> epoch, Random random)
    {
        var chance = random.Next(3) switch { 0 => 0.0, 1 => 1.0, _ => random.NextDouble() };
        var sectors = epoch
            .SelectMany(static write => Enumerable.Range(0, write.Data.Length / SectorBytes).Select(i => (write, i)))
            .Where(_ => random.NextDouble() < chance)
            .ToArray();
        random.Shuffle(sectors);
        var file = new OverlaidPmemFile(durable);
        foreach (var ((offset, data), sector) in sectors)
        {
            file.Write(offset + (ulong)(sector * SectorBytes), data.AsSpan(sector * SectorBytes, SectorBytes));
        }

        return file;
    }

    private static string? Judge(StoreWorld world, OverlaidPmemFile file, ulong returned)
    {
        try
        {
            var store = PmemStore.Open(file);
            return store.Current.Sequence == returned || store.Current.Sequence == returned + 1
                ? world.Compare(file, store)
                : $"root {store.Current.Sequence} and not {returned} or the next";
        }
        catch (HmmException exception)
        {
            return exception.Message;
        }
    }
}
