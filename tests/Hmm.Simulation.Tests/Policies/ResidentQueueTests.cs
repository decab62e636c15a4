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
        queue.Use(new ThreeQueuePolicy(1000));
        var tokens = new ulong[1000];
        Assert.Equal(700, queue.Pop(tokens));
        Assert.Equal(700, tokens.Take(700).Distinct().Count());
    }

    [Fact]
    public void ATokenIsARangeAndAPage()
    {
        var token = new PageToken(PageToken.RangeIdMax, (1L << PageToken.PageBits) - 1);
        Assert.Equal((PageToken.RangeIdMax, (1L << PageToken.PageBits) - 1), (token.RangeId, token.Page));
        Assert.NotEqual(0UL, new PageToken(1, 0).Raw);
    }
}
