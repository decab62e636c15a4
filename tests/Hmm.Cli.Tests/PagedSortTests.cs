// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Demo;

namespace Hmm.Cli.Tests;

public sealed class PagedSortTests
{
    private const int Seeds = 2000;

    [Fact]
    public void SortsAsTheRuntimeDoes()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            var keys = Keys(random);
            var expected = keys.AsSpan().ToArray();
            expected.AsSpan().Sort();
            Sort(keys, random);
            Assert.True(keys.AsSpan().SequenceEqual(expected), $"seed {seed}");
        }
    }

    [Theory]
    [InlineData(ulong.MinValue)]
    [InlineData(ulong.MaxValue)]
    public void OneKeyManyTimesEnds(ulong key)
    {
        var keys = new ulong[10_000];
        keys.AsSpan().Fill(key);
        Sort(keys, new Random(1), pieceKeysMax: 8);
        Assert.All(keys, actual => Assert.Equal(key, actual));
    }

    [Fact]
    public void OneSmallerKeyAmongManyIsFound()
    {
        for (var place = 0; place < 1000; place++)
        {
            var keys = new ulong[1000];
            keys.AsSpan().Fill(ulong.MaxValue);
            keys[place] = 5;
            Sort(keys, new Random(place), pieceKeysMax: 8);
            Assert.True(keys[0] == 5 && keys.AsSpan(1).IndexOfAnyExcept(ulong.MaxValue) < 0, $"place {place}");
        }
    }

    [Fact]
    public void ReadsAboutAsMuchAsExpected()
    {
        const int Count = 1 << 20;
        const int Piece = Count / 8;
        var random = new Random(7);
        var keys = new ulong[Count];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = (ulong)random.NextInt64();
        }

        var read = 0L;
        new PagedSort<ArrayKeys>(new ArrayKeys(keys), Piece, random, count => read += count).Sort();
        // Three passes to halve three times, and one to sort the pieces; bad medians cost at most
        // one more.
        var expected = PagedSort<ArrayKeys>.ExpectedKeyReads(Count, Piece);
        Assert.Equal(4L * Count, expected);
        Assert.InRange(read, expected / 2, expected * 5 / 4);
    }

    [Fact]
    public void CanBeStoppedBetweenTwoWindows()
    {
        var keys = new ulong[100_000];
        new Random(3).NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(keys.AsSpan()));
        var calls = 0;
        var sort = new PagedSort<ArrayKeys>(new ArrayKeys(keys), 64, new Random(3), _ =>
        {
            if (++calls == 100)
            {
                throw new OperationCanceledException();
            }
        });
        Assert.Throws<OperationCanceledException>(sort.Sort);
        Assert.Equal(100, calls);
    }

    private static void Sort(ulong[] keys, Random random, int? pieceKeysMax = null) =>
        new PagedSort<ArrayKeys>(new ArrayKeys(keys), pieceKeysMax ?? random.Next(8, 200), random, _ => { }).Sort();

    /// <summary>Random, few values, sorted, reversed: what quicksorts stumble over.</summary>
    private static ulong[] Keys(Random random)
    {
        var keys = new ulong[random.Next(0, 3000)];
        var values = random.Next(4) switch { 0 => 1, 1 => 3, 2 => 100, _ => int.MaxValue };
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = (ulong)random.Next(values) * (ulong.MaxValue / (ulong)values);
        }

        switch (random.Next(4))
        {
            case 0:
                keys.AsSpan().Sort();
                break;
            case 1:
                keys.AsSpan().Sort();
                keys.AsSpan().Reverse();
                break;
        }

        return keys;
    }

    private readonly struct ArrayKeys(ulong[] keys) : IKeySpace
    {
        public long Count => keys.Length;

        public Span<ulong> Window(long start, int count) => keys.AsSpan((int)start, count);
    }
}
