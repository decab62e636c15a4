// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Policies;

public sealed class ResidentQueueTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void KnowsEachPageOnceWhateverIsDoneToIt(ulong seed)
    {
        var random = new SeededRandom(seed);
        var queue = new ResidentQueue(new ThreeQueuePolicy(2000));
        var known = new HashSet<ulong>();
        var tokens = new ulong[300];
        for (var i = 0; i < 5_000; i++)
        {
            switch (random.Next(20))
            {
                case < 9:
                    var token = new PageToken((uint)random.Between(1, 5), random.Next(1 << 20));
                    var count = 0;
                    for (var most = random.Between(1, 400); count < most && known.Add(token.Raw + (ulong)count);)
                    {
                        count++;
                    }

                    if (count > 0)
                    {
                        queue.Push(token, count);
                    }

                    break;
                case < 16:
                    var taken = queue.Pop(tokens.AsSpan(0, random.Between(0, tokens.Length)));
                    var looked = random.Between(0, taken);
                    queue.PutBack(tokens.AsSpan(looked, taken - looked));
                    taken = looked;
                    Assert.All(tokens.Take(taken), page => Assert.True(known.Remove(page), "a victim was known"));
                    break;
                case < 18:
                    if (queue.Pop(tokens.AsSpan(0, 1)) == 1)
                    {
                        queue.Return(new PageToken(tokens[0]));
                    }

                    break;
                case < 19:
                    var seen = queue.Peek(tokens);
                    Assert.True(seen >= Math.Min(tokens.Length, known.Count * 9 / 10 - 1), "nearly all can be named");
                    Assert.All(tokens.Take(seen), page => Assert.Contains(page, known));
                    break;
                default:
                    var closed = (uint)random.Between(1, 5);
                    queue.Forget(closed);
                    known.RemoveWhere(raw => new PageToken(raw).RangeId == closed);
                    break;
            }

            Assert.Equal(known.Count, queue.Count);
        }
    }

    [Fact]
    public void AnotherPolicyGetsEveryPage()
    {
        var queue = new ResidentQueue(new ThreeQueuePolicy(1000));
        queue.Push(new PageToken(1, 0), 700);
        var tokens = new ulong[1000];
        Assert.Equal(100, queue.Pop(tokens.AsSpan(0, 100)));
        queue.Use(new ThreeQueuePolicy(1000));
        queue.PutBack(tokens.AsSpan(90, 10));
        Assert.Equal(610, queue.Count);
        Assert.Equal(610, queue.Pop(tokens));
        Assert.Equal(610, tokens.Take(610).Distinct().Count());
    }

    [Fact]
    public void AnEighthLeavesByAddressAndNoPageOfTheNextBeforeIt()
    {
        var queue = new ResidentQueue(new ThreeQueuePolicy(1000));
        var oldest = Enumerable.Range(0, 1600).Select(static i => new PageToken(1, i * 37 % 1600).Raw).ToArray();
        Array.ForEach(oldest, raw => queue.Push(new PageToken(raw), 1));

        var tokens = new ulong[50];
        for (var start = 0; start < oldest.Length;)
        {
            var turn = Math.Min(Math.Max((oldest.Length - start) / 8, tokens.Length), oldest.Length - start);
            var left = new List<ulong>();
            while (left.Count < turn)
            {
                // The rest of a batch that could not be begun comes first again, in its place.
                var popped = queue.Pop(tokens);
                var looked = (popped + 1) / 2;
                queue.PutBack(tokens.AsSpan(looked, popped - looked));
                left.AddRange(tokens[..looked]);
            }

            Assert.Equal(oldest.Skip(start).Take(turn).Order(), left);
            start += turn;
        }

        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void ARangeThatClosesWithinATurnLeavesTheOthersInIt()
    {
        var queue = new ResidentQueue(new ThreeQueuePolicy(1000));
        for (var page = 0; page < 100; page++)
        {
            queue.Push(new PageToken(1, page), 1);
            queue.Push(new PageToken(2, page), 1);
            queue.Push(new PageToken(3, page), 1);
        }

        // The first turn, an eighth of 300, has 13 pages of range 1 and 12 of each other.
        var tokens = new ulong[10];
        Assert.Equal(10, queue.Pop(tokens));

        queue.Forget(2);

        queue.PutBack(tokens);
        Assert.Equal(200, queue.Count);
        tokens = new ulong[300];
        Assert.Equal(25, queue.Pop(tokens));
        Assert.Equal(175, queue.Pop(tokens.AsSpan(25)));
        Assert.Equal([1u, 3u], tokens.Take(25).Select(static raw => new PageToken(raw).RangeId).Distinct());
        Assert.Equal(200, tokens.Distinct().Count(static raw => raw != 0 && new PageToken(raw).RangeId != 2));
    }

    [Fact]
    public void ATokenIsARangeAndAPage()
    {
        var token = new PageToken(PageToken.RangeIdMax, (1L << PageToken.PageBits) - 1);
        Assert.Equal((PageToken.RangeIdMax, (1L << PageToken.PageBits) - 1), (token.RangeId, token.Page));
        Assert.NotEqual(0UL, new PageToken(1, 0).Raw);
    }
}
