// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Concurrent;
using Hmm.Core.Devices;
using Hmm.Modules.Compressed;

namespace Hmm.Compressed.Tests;

public sealed class EvictWorkersTests : IDisposable
{
    private const int BacklogMax = 4;

    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<CopyBatch, int> _done = new();
    private readonly SemaphoreSlim _mayEnd = new(0);
    private readonly SemaphoreSlim _begun = new(0);
    private readonly SemaphoreSlim _ended = new(0);

    public void Dispose()
    {
        _mayEnd.Dispose();
        _begun.Dispose();
        _ended.Dispose();
    }

    [Fact]
    public void ASecondThreadHelpsOnlyWhereBatchesPileUp()
    {
        using var workers = new EvictWorkers(3, Work);
        workers.Add(new TestBatch());
        Assert.True(_begun.Wait(s_minute));
        for (var i = 0; i < BacklogMax; i++)
        {
            workers.Add(new TestBatch());
        }

        // One works and four wait, which it will get to.
        Assert.False(_begun.Wait(TimeSpan.FromMilliseconds(100)));

        workers.Add(new TestBatch());
        Assert.True(_begun.Wait(s_minute));

        // Two work and four wait: the first of them to end is not needed any more, the other one does what is left.
        Finish(1);
        Assert.False(_begun.Wait(TimeSpan.FromMilliseconds(100)));
        for (var left = 5; left > 0; left--)
        {
            Finish(1);
            Assert.Equal(left > 1, _begun.Wait(left > 1 ? s_minute : TimeSpan.Zero));
        }

        Assert.Equal((BacklogMax + 2, 1), (_done.Count, _done.Values.Max()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void EveryBatchIsWorkedOnOnce(int threads)
    {
        const int Count = 64;
        using (var workers = new EvictWorkers(threads, Work))
        {
            for (var turn = 0; turn < 100; turn++)
            {
                for (var i = 0; i < Count; i++)
                {
                    workers.Add(new TestBatch());
                }

                Finish(Count);
            }
        }

        Assert.Equal((100 * Count, 1), (_done.Count, _done.Values.Max()));
    }

    [Fact]
    public void ThreadsThatNeverWorkedEnd()
    {
        new EvictWorkers(16, Work).Dispose();
        Assert.Empty(_done);
    }

    private void Finish(int count)
    {
        _mayEnd.Release(count);
        for (var i = 0; i < count; i++)
        {
            Assert.True(_ended.Wait(s_minute), "a batch is not worked on after a minute");
        }
    }

    private void Work(CopyBatch batch)
    {
        _begun.Release();
        Assert.True(_mayEnd.Wait(s_minute));
        _done.AddOrUpdate(batch, 1, static (_, times) => times + 1);
        _ended.Release();
    }
}
