// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Client.Tests;

/// <summary>Hints through shared memory, read here as a host reads them.</summary>
public sealed unsafe class HintRingTests : IDisposable
{
    private const int Entries = 8192;

    private readonly TestHost _wire = new();
    private readonly HmmHost _host;
    private readonly HmmArray<long> _array;
    private MappedMemory? _ring;

    public HintRingTests()
    {
        _wire.RingTaken = descriptor =>
        {
            using var file = MemoryFile.Adopt(descriptor);
            Assert.True(file.HasFixedLength);
            _ring = MappedMemory.Map(file, HintRingLayout.SizeBytes(Entries));
        };
        _host = _wire.Connect();
        _array = _host.Allocate<long>(512 * 64);
    }

    private ref ulong Tail => ref *(ulong*)(_ring!.Address + HintRingLayout.TailOffset);

    private ref ulong Head => ref *(ulong*)(_ring!.Address + HintRingLayout.HeadOffset);

    public void Dispose()
    {
        _array.Dispose();
        _host.Dispose();
        _wire.Dispose();
        _ring?.Dispose();
    }

    [Fact]
    public void AHintIsAStoreAndNoMessage()
    {
        _array.Prefetch(512, 1024);
        _array.WillWrite(0, 1);
        Assert.Equal(2UL, Tail);
        Assert.Equal((1UL, 1UL, 2UL, HintKind.Prefetch), Read(0));
        Assert.Equal((1UL, 0UL, 1UL, HintKind.WillWrite), Read(1));
        Assert.Empty(_wire.Requests(Operation.Hint));
        Assert.Empty(_wire.Requests(Operation.WakeHintRing));
        Assert.Equal((uint)Entries, _wire.Last<AttachHintRingRequest>(Operation.AttachHintRing).EntryCount);
    }

    [Fact]
    public void IndexesBecomePagesAndNeighboursOneHint()
    {
        _array.Prefetch([5, 6, 600, 512 * 40, 512 * 2, 512 * 3, (512 * 64) - 1]);
        Assert.Equal(4UL, Tail);
        Assert.Equal((1UL, 0UL, 2UL, HintKind.Prefetch), Read(0));
        Assert.Equal((1UL, 40UL, 1UL, HintKind.Prefetch), Read(1));
        Assert.Equal((1UL, 2UL, 2UL, HintKind.Prefetch), Read(2));
        Assert.Equal((1UL, 63UL, 1UL, HintKind.Prefetch), Read(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => _array.Prefetch([0, 512 * 64]));
        Assert.Throws<ArgumentOutOfRangeException>(() => _array.Prefetch([-1]));
        Assert.Equal(4UL, Tail);
    }

    [Fact]
    public void WhatDoesNotFitIsDroppedAndCounted()
    {
        var indexes = new long[Entries + 100];
        for (var i = 0; i < indexes.Length; i++)
        {
            indexes[i] = i % 2 == 0 ? 0 : 512 * 32;
        }

        _array.Prefetch(indexes);
        Assert.Equal((ulong)Entries, Tail);
        Assert.Equal(100UL, *(ulong*)(_ring!.Address + HintRingLayout.DroppedOffset));
        Head = 10;
        _array.Prefetch(indexes.AsSpan(0, 20));
        Assert.Equal((ulong)Entries + 10, Tail);
        Assert.Equal(110UL, *(ulong*)(_ring.Address + HintRingLayout.DroppedOffset));
    }

    [Fact]
    public void AHostThatSleepsIsWokenOnce()
    {
        _array.Prefetch(0, 1);
        *(uint*)(_ring!.Address + HintRingLayout.SleepingOffset) = 1;
        _array.Prefetch(0, 1);
        _array.Prefetch(0, 1);
        Assert.True(SpinWait.SpinUntil(() => _wire.Requests(Operation.WakeHintRing).Length == 1, 30_000));
        Assert.Equal(0U, *(uint*)(_ring.Address + HintRingLayout.SleepingOffset));
    }

    [Fact]
    public void AHintAllocatesNothing()
    {
        long[] indexes = [1, 1000, 2000, 30_000];
        _array.Prefetch(indexes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            _array.Prefetch(indexes);
            _array.Prefetch(0, 1);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private (ulong Range, ulong First, ulong Count, HintKind Kind) Read(int at)
    {
        var entry = *(HintEntry*)(_ring!.Address + HintRingLayout.EntriesOffset + (at * HintEntry.StructBytes));
        return (entry.RangeId, entry.FirstPage, entry.PageCount, entry.Kind);
    }
}
