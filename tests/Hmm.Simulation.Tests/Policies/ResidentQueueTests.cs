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
    public void IsAQueueWhateverIsDoneToIt(ulong seed)
    {
        var random = new SeededRandom(seed);
        var queue = new ResidentQueue();
        var model = new Queue<ulong>();
        var popped = new ulong[300];
        for (var i = 0; i < 5_000; i++)
        {
            switch (random.Next(20))
            {
                case < 9:
                    var token = new PageToken((uint)random.Between(1, 5), random.Next(1 << 20));
                    var count = random.Between(1, 400);
                    queue.Push(token, count);
                    for (var page = 0; page < count; page++)
                    {
                        model.Enqueue(token.Raw + (ulong)page);
                    }

                    break;
                case < 19:
                    var taken = queue.Pop(popped.AsSpan(0, random.Between(0, popped.Length)));
                    Assert.Equal(Enumerable.Range(0, taken).Select(_ => model.Dequeue()), popped.Take(taken));
                    break;
                default:
                    var closed = (uint)random.Between(1, 5);
                    queue.Forget(closed);
                    model = new Queue<ulong>(model.Where(raw => new PageToken(raw).RangeId != closed));
                    break;
            }

            Assert.Equal(model.Count, queue.Count);
        }
    }

    [Fact]
    public void ATokenIsARangeAndAPage()
    {
        var token = new PageToken(PageToken.RangeIdMax, (1L << PageToken.PageBits) - 1);
        Assert.Equal((PageToken.RangeIdMax, (1L << PageToken.PageBits) - 1), (token.RangeId, token.Page));
        Assert.NotEqual(0UL, new PageToken(1, 0).Raw);
    }
}
