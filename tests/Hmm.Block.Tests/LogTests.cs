// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Modules.Block;
using Xunit.Abstractions;

namespace Hmm.Block.Tests;

/// <summary>The log alone, against a dictionary, and its write amplification at 80 % full.</summary>
public sealed class LogTests(ITestOutputHelper output)
{
    private const int Segments = 64;
    private const int LargeLog = 256; // 512 MiB
    private const int Places = Segments * Log.SegmentPages;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void PlacesAreNeverSharedAndNeverLost(int seed)
    {
        var random = new Random(seed);
        using var log = new Log(Segments);
        var model = new Dictionary<uint, uint>(); // place to frame
        var taken = new List<uint>();
        for (var step = 0; step < 40_000; step++)
        {
            if (random.Next(100) < 55)
            {
                var frame = (uint)random.Next(1 << 20);
                var stream = random.Next(20) == 0 ? LogStream.Cleaner : LogStream.Eviction;
                if (log.TryTake(stream, frame, 1 + random.Next(64), out var first, out var count))
                {
                    for (var i = 0U; i < count; i++)
                    {
                        Assert.True(model.TryAdd(first + i, frame + i), $"seed {seed}: {first + i} is taken twice");
                        taken.Add(first + i);
                    }

                    log.EndWrite(first, noSpace: random.Next(500) == 0);
                }
            }
            else
            {
                for (var i = random.Next(40); i > 0 && taken.Count > 0; i--)
                {
                    var at = random.Next(taken.Count);
                    log.Release(taken[at]);
                    Assert.True(model.Remove(taken[at]));
                    (taken[at], taken[^1]) = (taken[^1], taken[at]);
                    taken.RemoveAt(taken.Count - 1);
                }
            }

            Tend(log, model, taken, random);
        }

        Check(log, model, seed);
        output.WriteLine($"seed {seed}: {model.Count} of {Places} places");
    }

    [Theory]
    [InlineData(1, 80, false)]
    [InlineData(2, 80, false)]
    [InlineData(3, 80, true)]
    [InlineData(4, 80, true)]
    [InlineData(5, 60, false)]
    [InlineData(6, 60, true)]
    public void WriteAmplificationStaysUnderTwo(int seed, int percent, bool skewed)
    {
        var random = new Random(seed);
        using var log = new Log(LargeLog);
        var frames = LargeLog * Log.SegmentPages / 100 * percent;
        var places = new uint[frames];
        for (var frame = 0; frame < frames;)
        {
            var wanted = Math.Min(64, frames - frame);
            Assert.True(log.TryTake(LogStream.Eviction, (uint)frame, wanted, out var first, out var n));
            log.EndWrite(first, noSpace: false);
            for (var i = 0; i < n; i++)
            {
                places[frame++] = first + (uint)i;
            }
        }

        // Ten times what it holds, each time pages from anywhere: nine in ten of a tenth, where skewed.
        var written = log.PagesWritten;
        var runs = log.RunsWritten;
        var batch = new uint[64];
        for (var turn = 0; turn < 10 * frames / batch.Length; turn++)
        {
            for (var i = 0; i < batch.Length; i++)
            {
                batch[i] = (uint)(skewed && random.Next(10) > 0 ? random.Next(frames / 10) : random.Next(frames));
            }

            Rewrite(log, places, [.. batch.Distinct()]);
            Clean(log, places);
        }

        var amplification = 1 + ((double)log.PagesMoved / (log.PagesWritten - written));
        var run = (double)(log.PagesWritten - written) / (log.RunsWritten - runs);
        output.WriteLine(
            $"seed {seed}, {percent} % full, skewed {skewed}: "
                + $"amplification {amplification:F2}, {run:F1} pages a write");
        Assert.True(percent > 60 || run > 16, $"seed {seed}: {run:F1} pages a write");
        Assert.True(amplification < 2, $"seed {seed}: {amplification:F2}");
        Assert.Equal(frames, log.LivePages);
        for (var frame = 0U; frame < frames; frame++)
        {
            Assert.True(log.TryOwnerOf(places[frame], out var owner) && owner == frame, $"seed {seed}: frame {frame}");
        }
    }

    [Fact]
    public void FreedSegmentsAreUsedAgainBeforeNewOnes()
    {
        using var log = new Log(Segments);
        var first = TakeSegment(log);
        TakeSegment(log);
        Assert.Equal(Segments - 2, log.FreeSegments);
        for (var i = 0U; i < Log.SegmentPages; i++)
        {
            log.Release(first + i);
        }

        Assert.Equal(Segments - 1, log.FreeSegments);
        Assert.Equal(first, TakeSegment(log));
    }

    [Fact]
    public void EmptySegmentsBeyondThoseKeptThatNobodyNeedsGiveTheirRoomBack()
    {
        using var log = new Log(Segments);
        var firsts = Enumerable.Range(0, 50).Select(_ => TakeSegment(log)).ToList();
        TakeSegment(log);
        foreach (var first in firsts)
        {
            for (var i = 0U; i < Log.SegmentPages; i++)
            {
                log.Release(first + i);
            }
        }

        log.CountSpare();
        Assert.Equal(0, DiscardAll(log)); // free for no time yet
        TakeSegment(log);
        TakeSegment(log);
        log.CountSpare();
        Assert.Equal(Segments - 3, log.FreeSegments);
        Assert.Equal(50 - 2 - 32, DiscardAll(log)); // two were needed, and 32 are kept in any case
        Assert.Equal(Segments - 3, log.FreeSegments);
        Assert.Equal(0, DiscardAll(log));
    }

    [Fact]
    public void FullMediumLeavesHolesAndSegmentsThatHaveRoom()
    {
        using var log = new Log(Segments);
        var first = TakeSegment(log);
        Assert.True(log.TryTake(LogStream.Eviction, 0, 64, out var failed, out var count));
        log.EndWrite(failed, noSpace: true);
        for (var i = 0U; i < count; i++)
        {
            log.Release(failed + i);
        }

        Assert.True(log.IsMediumFull);
        log.Release(first + 7);
        Assert.True(log.TryTake(LogStream.Eviction, 0, 64, out var hole, out count));
        Assert.Equal((first + 7, 1), (hole, count));
        log.EndWrite(hole, noSpace: false);
        Assert.True(log.IsMediumFull);

        // Nothing with room is left, so the next is a try, when it is time for one, and its success is the end of it.
        Assert.False(log.TryTake(LogStream.Eviction, 0, 64, out _, out _));
        log.AllowProbe();
        Assert.True(log.TryTake(LogStream.Eviction, 0, 64, out var tried, out _));
        Assert.NotEqual(first / Log.SegmentPages, tried / Log.SegmentPages);
        log.EndWrite(tried, noSpace: false);
        Assert.False(log.IsMediumFull);
    }

    private static int DiscardAll(Log log)
    {
        var count = 0;
        for (; log.TryPickDiscard(out var segment); count++)
        {
            log.EndDiscard(segment, done: true);
        }

        return count;
    }

    private static uint TakeSegment(Log log)
    {
        Assert.True(log.TryTake(LogStream.Eviction, 0, Log.SegmentPages, out var first, out var count));
        Assert.Equal(Log.SegmentPages, count);
        log.EndWrite(first, noSpace: false); // the stream leaves the segment when it looks for more
        return first;
    }

    private static void Rewrite(Log log, uint[] places, uint[] frames)
    {
        // As the core does it: written to new places, and then the old ones are given back.
        foreach (var frame in frames)
        {
            log.Release(places[frame]);
        }

        for (var done = 0; done < frames.Length;)
        {
            Assert.True(log.TryTake(LogStream.Eviction, 0, frames.Length - done, out var first, out var count));
            log.EndWrite(first, noSpace: false);
            for (var i = 0U; i < count; i++)
            {
                log.SetOwner(first + i, frames[done]);
                places[frames[done++]] = first + i;
            }
        }
    }

    private static void Clean(Log log, uint[] places)
    {
        while (log.WantsCleaning && log.TryPickVictim(out var victim))
        {
            var begin = (uint)victim * Log.SegmentPages;
            for (var place = begin; place < begin + Log.SegmentPages; place++)
            {
                if (log.TryOwnerOf(place, out var frame))
                {
                    Assert.True(log.TryTake(LogStream.Cleaner, frame, 1, out var moved, out _));
                    log.EndWrite(moved, noSpace: false);
                    places[frame] = moved;
                    log.Release(place);
                }
            }

            log.EndCleaning(victim, isBad: false);
        }
    }

    private static void Tend(Log log, Dictionary<uint, uint> model, List<uint> taken, Random random)
    {
        if (random.Next(50) == 0 && log.TryPickVictim(out var victim))
        {
            // Some of it is moved, the rest stays.
            var begin = (uint)victim * Log.SegmentPages;
            for (var place = begin; place < begin + Log.SegmentPages; place++)
            {
                if (model.ContainsKey(place) && random.Next(4) > 0)
                {
                    log.Release(place);
                    model.Remove(place);
                    taken.Remove(place);
                }
            }

            log.EndCleaning(victim, isBad: random.Next(10) == 0);
        }

        if (random.Next(50) == 0)
        {
            log.CountSpare();
        }

        if (random.Next(10) == 0 && log.TryPickDiscard(out var segment))
        {
            log.EndDiscard(segment, done: true);
        }
    }

    private static void Check(Log log, Dictionary<uint, uint> model, int seed)
    {
        Assert.Equal(model.Count, log.LivePages);
        for (var place = 0U; place < Places; place++)
        {
            var owned = log.TryOwnerOf(place, out var frame);
            Assert.True(owned == model.TryGetValue(place, out var expected), $"seed {seed}: place {place}");
            Assert.True(!owned || frame == expected, $"seed {seed}: place {place}");
        }
    }
}
