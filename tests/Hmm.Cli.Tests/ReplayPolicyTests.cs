// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Replay.Policies;

namespace Hmm.Cli.Tests;

/// <summary>The policies that are there to compare with, against the dumbest code that does the same.</summary>
public sealed class ReplayPolicyTests
{
    private const int Uses = 4000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void LruEvictsWhatALogOfUsesSays(int seed)
    {
        var order = new List<ulong>();
        Compare(new LruPolicy(), seed, 40, insert: order.Add, used: page =>
        {
            order.Remove(page);
            order.Add(page);
        }, take: () =>
        {
            var page = order[0];
            order.RemoveAt(0);
            return page;
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ClockEvictsWhatAHandOverACircleSays(int seed)
    {
        var circle = new List<(ulong Page, bool Used)>();
        Compare(
            new ClockPolicy(),
            seed,
            40,
            insert: page => circle.Add((page, false)),
            used: page =>
            {
                var at = circle.FindIndex(entry => entry.Page == page);
                circle[at] = (page, true);
            },
            take: () =>
            {
                while (circle[0].Used)
                {
                    circle.Add((circle[0].Page, false));
                    circle.RemoveAt(0);
                }

                var page = circle[0].Page;
                circle.RemoveAt(0);
                return page;
            });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void S3FifoEvictsWhatItsPaperSays(int seed)
    {
        const int Capacity = 40;
        var (small, main, ghosts) = (new List<ulong>(), new List<ulong>(), new List<ulong>());
        var uses = new Dictionary<ulong, int>();
        Compare(
            new S3FifoPolicy(Capacity),
            seed,
            Capacity,
            insert: page =>
            {
                var queue = ghosts.Contains(page) ? main : small;
                ghosts.Remove(page);
                queue.Add(page);
                uses[page] = -1;
            },
            used: page => uses[page] = Math.Min(3, uses[page] + 1),
            take: () => TakeS3(small, main, ghosts, uses, Capacity));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void TheOptimumMissesAsOftenAsLookingAheadSays(int seed)
    {
        const int Capacity = 20;
        var uses = Draw(seed);
        var resident = new HashSet<ulong>();
        var expected = 0;
        for (var i = 0; i < uses.Count; i++)
        {
            if (resident.Add(uses[i]))
            {
                expected++;
                if (resident.Count > Capacity)
                {
                    resident.Remove(resident.MaxBy(page => NextUse(uses, i, page)));
                }
            }
        }

        var next = new NextUses(uses);
        Assert.Equal(expected, Misses(new OptimalPolicy(next), uses, Capacity, next));
        Assert.InRange(expected, 1, Misses(new LruPolicy(), uses, Capacity));
        Assert.InRange(expected, 1, Misses(new ClockPolicy(), uses, Capacity));
        Assert.InRange(expected, 1, Misses(new S3FifoPolicy(Capacity), uses, Capacity));
    }

    [Fact]
    public void APageOfARangeThatIsGoneIsNoVictim()
    {
        var uses = new NextUses([]);
        foreach (var policy in new IReplayPolicy[]
        {
            new LruPolicy(), new ClockPolicy(), new S3FifoPolicy(100), new OptimalPolicy(uses),
        })
        {
            policy.Insert(1, 10, prefetched: false);
            policy.Insert(100, 10, prefetched: true);
            policy.Used(105);
            policy.Forget(100, 200);
            var victims = new ulong[30];
            Assert.Equal(10, policy.TakeVictims(victims));
            Assert.Equal(Enumerable.Range(1, 10).Select(static i => (ulong)i), victims[..10].Order());
        }
    }

    /// <summary>Draws pages that are used more often the lower their number is, with a scan now and then.</summary>
    private static List<ulong> Draw(int seed)
    {
        var random = new Random(seed);
        var uses = new List<ulong>();
        while (uses.Count < Uses)
        {
            if (random.Next(200) == 0)
            {
                var first = (ulong)random.Next(1000, 2000);
                uses.AddRange(Enumerable.Range(0, 30).Select(i => first + (ulong)i));
            }

            uses.Add(1 + (ulong)(120 * Math.Pow(random.NextDouble(), 3)));
        }

        return uses;
    }

    private static int NextUse(List<ulong> uses, int now, ulong page)
    {
        var next = uses.IndexOf(page, now + 1);
        return next < 0 ? int.MaxValue : next;
    }

    private static void Compare(
        IReplayPolicy policy, int seed, int capacity, Action<ulong> insert, Action<ulong> used, Func<ulong> take)
    {
        var resident = new HashSet<ulong>();
        var victim = new ulong[1];
        foreach (var page in Draw(seed))
        {
            if (resident.Add(page))
            {
                if (resident.Count > capacity)
                {
                    Assert.Equal(1, policy.TakeVictims(victim));
                    Assert.Equal(take(), victim[0]);
                    Assert.True(resident.Remove(victim[0]), "a victim was there");
                }

                policy.Insert(page, 1, prefetched: false);
                insert(page);
            }

            policy.Used(page);
            used(page);
        }
    }

    private static int Misses(IReplayPolicy policy, List<ulong> uses, int capacity, NextUses? next = null)
    {
        var resident = new HashSet<ulong>();
        var victim = new ulong[1];
        var misses = 0;
        foreach (var page in uses)
        {
            next?.Pass(page);
            if (resident.Add(page))
            {
                misses++;
                policy.Insert(page, 1, prefetched: false);
                if (resident.Count > capacity)
                {
                    Assert.Equal(1, policy.TakeVictims(victim));
                    resident.Remove(victim[0]);
                }
            }

            policy.Used(page);
        }

        return misses;
    }

    private static ulong TakeS3(
        List<ulong> small, List<ulong> main, List<ulong> ghosts, Dictionary<ulong, int> uses, int capacity)
    {
        while (true)
        {
            var isSmall = small.Count > capacity / 10 || main.Count == 0;
            var queue = isSmall ? small : main;
            var page = queue[0];
            queue.RemoveAt(0);
            if (uses[page] > (isSmall ? 1 : 0))
            {
                uses[page] = isSmall ? 0 : uses[page] - 1;
                main.Add(page);
                continue;
            }

            if (isSmall)
            {
                ghosts.Add(page);
                if (ghosts.Count > capacity - (capacity / 10))
                {
                    ghosts.RemoveAt(0);
                }
            }

            return page;
        }
    }
}
