// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.System.Tests.Support;
using Xunit.Abstractions;

namespace Hmm.System.Tests;

/// <summary>
/// The devices that people have, all at once: pages go from DRAM to compressed memory and sink from there to a block
/// device, both come and go meanwhile, and a persistent range beside them makes checkpoints.
/// </summary>
public sealed class ChainSoakTests(ITestOutputHelper output)
{
    private const int MiB = 1 << 20;
    private const int PageBytes = 4096;
    private const long Length = 8 * MiB / sizeof(ulong);

    [Fact]
    [Trait("Category", "Soak")]
    public void LosesNothingWhilePagesMoveAmongCompressedBlockAndPersistentMemory()
    {
        using var folder = new TemporaryFolder();
        using var daemon = new Daemon(
            "4MiB",
            "compressed,name=fast,memory=4MiB,size=4MiB",
            $"block,name=deep,folder={folder.Path},size=64MiB",
            $"pmem,file={folder.File("kept")},size=128MiB,keep=2");
        using var host = daemon.Connect();
        var arrays = new HmmArray<ulong>[4];
        for (var i = 0; i < 3; i++)
        {
            arrays[i] = host.Allocate<ulong>(Length);
        }

        arrays[3] = host.Open<ulong>("kept", Length);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var turns = new Turns();
        var hammer = new Hammer(arrays, PageBytes, Hammer.WritersMax, seed);
        var loss = hammer.Run(Runs.ShortSoakTime, until: () =>
        {
            Turn(host, folder, arrays[3], random, turns);
            return false;
        });
        output.WriteLine($"seed {seed}: {hammer.Operations} operations, {turns}");
        Assert.Null(loss);
        Assert.True(turns is { Removed: > 0, Checkpoints: > 1 }, $"{turns}");
        Assert.All(
            host.Devices().Where(static device => device.Name.ToString() is "fast" or "deep"),
            static device => Assert.True(device.BytesWritten > 0 && device.BytesRead > 0, $"{device.Name} is unused"));

        // What is made durable now is what another opening finds.
        arrays[3].Checkpoint();
        arrays[3].Dispose();
        arrays[3] = host.Open<ulong>("kept");
        Assert.Null(hammer.Run(TimeSpan.Zero));
        Array.ForEach(arrays, static array => array.Dispose());
        Assert.All(
            host.Devices().Where(static device => device.Driver.ToString() != "pmem"),
            static device => Assert.Equal(0UL, device.UsedBytes));
        Assert.Equal(0UL, host.HostStatistics.PoisonedPages);
    }

    // Every device but the block device and the persistent one comes and goes: what it holds goes to the others.
    private static void Turn(
        HmmHost host, TemporaryFolder folder, HmmArray<ulong> persistent, Random random, Turns turns)
    {
        switch (turns.Next(random))
        {
            case TurnKind.Add when turns.Names.Count < 4:
                var name = $"d{turns.Added++}";
                var kind = random.Next(2) == 0
                    ? "compressed,memory=2MiB,size=2MiB"
                    : $"block,folder={folder.Path},size={random.Next(2, 9)}MiB";
                host.AddDevice($"{kind},name={name}");
                turns.Names.Add(name);
                break;
            case TurnKind.Remove when turns.Names.Count > 0:
                var at = random.Next(turns.Names.Count);
                host.RemoveDevice(turns.Names[at]);
                turns.Names.RemoveAt(at);
                turns.Removed++;
                break;
            case TurnKind.Checkpoint:
                persistent.Checkpoint();
                turns.Checkpoints++;
                break;
        }
    }

    private enum TurnKind
    {
        Idle,
        Add,
        Remove,
        Checkpoint,
    }

    // Kinds of turns are dealt from a deck, so that a run of a few turns has each of them, in an order of its own.
    private sealed record Turns
    {
        private static readonly TurnKind[] s_deck =
        [
            TurnKind.Add, TurnKind.Add, TurnKind.Remove, TurnKind.Remove,
            TurnKind.Checkpoint, TurnKind.Idle, TurnKind.Idle, TurnKind.Idle,
        ];

        private readonly Queue<TurnKind> _dealt = [];

        internal List<string> Names { get; } = [];

        public int Added { get; set; }

        public int Removed { get; set; }

        public int Checkpoints { get; set; }

        internal TurnKind Next(Random random)
        {
            if (_dealt.Count == 0)
            {
                TurnKind[] deck = [.. s_deck];
                random.Shuffle(deck);
                Array.ForEach(deck, _dealt.Enqueue);
            }

            return _dealt.Dequeue();
        }
    }
}
