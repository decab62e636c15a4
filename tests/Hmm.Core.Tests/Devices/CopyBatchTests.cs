// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;
using Hmm.Uapi;
using Xunit;

namespace Hmm.Core.Tests.Devices;

public sealed class CopyBatchTests
{
    [Fact]
    public void RunsItsContinuationOnceWithTheLastOfAnyOrder()
    {
        var batch = new TestBatch(3);
        batch.Complete(2);
        batch.Complete(0, Errno.EIO);
        Assert.Equal(0, batch.Continuations);
        batch.Complete(1);
        Assert.Equal(1, batch.Continuations);
        Assert.Equal([Errno.EIO, Errno.None, Errno.None], batch.Errors);
    }

    [Fact]
    public void CompletesAFullBatchAtOnce()
    {
        var batch = new TestBatch(CopyBatch.SegmentsMax);
        batch.CompleteAll(Errno.EIO);
        Assert.Equal(1, batch.Continuations);
        Assert.All(batch.Errors, error => Assert.Equal(Errno.EIO, error));
    }

    [Fact]
    public void CatchesASegmentThatIsCompletedTwice()
    {
        var batch = new TestBatch(2);
        batch.Complete(0);
        Assert.Throws<CorruptionException>(() => batch.Complete(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Complete(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.Complete(-1));
    }

    [Fact]
    public void RunsItsContinuationOnceUnderConcurrentCompletions()
    {
        for (var round = 0; round < 500; round++)
        {
            var batch = new TestBatch(CopyBatch.SegmentsMax);
            Parallel.For(0, CopyBatch.SegmentsMax, i => batch.Complete(i));
            Assert.Equal(1, batch.Continuations);
        }
    }

    private sealed class TestBatch : CopyBatch
    {
        private int _continuations; // Guarded by: atomic

        public TestBatch(int segments)
        {
            for (var i = 0; i < segments; i++)
            {
                AddSegment(new Pfn((ulong)i), 1, 0);
            }

            HandOver();
        }

        public int Continuations => _continuations;

        public IEnumerable<Errno> Errors => Enumerable.Range(0, Count).Select(ErrorOf);

        private protected override void OnCompleted() => Interlocked.Increment(ref _continuations);
    }
}
