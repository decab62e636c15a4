// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Xunit;

namespace Hmm.Core.Tests.Physical;

public sealed class LifetimeReferenceTests
{
    private readonly LifetimeReference _reference = new("disk");

    [Fact]
    public void HandsOutReferencesWhileLive()
    {
        Assert.True(_reference.TryGet());
        Assert.True(_reference.TryGet(5));
        Assert.Equal(6, _reference.Count);
        _reference.Put(6);
        Assert.Equal(0, _reference.Count);
        Assert.False(_reference.IsDrained);
    }

    [Fact]
    public void HandsOutNothingOnceKilled()
    {
        Assert.True(_reference.TryGet(2));
        _reference.Kill();
        Assert.True(_reference.IsDying);
        Assert.False(_reference.TryGet());
        Assert.Equal(2, _reference.Count);
        _reference.Put();
        Assert.False(_reference.IsDrained);
        _reference.Put();
        Assert.True(_reference.IsDrained);
        Assert.False(_reference.TryGet());
    }

    [Fact]
    public void DrainsAtOnceWithoutUsers()
    {
        _reference.Kill();
        _reference.WaitDrained();
        _reference.Exit();
        Assert.False(_reference.TryGet());
    }

    [Fact]
    public void WaitsForTheLastUser()
    {
        Assert.True(_reference.TryGet());
        _reference.Kill();
        var returned = 0;
        var waiter = new Thread(() =>
        {
            _reference.WaitDrained();
            Volatile.Write(ref returned, 1);
        });
        waiter.Start();
        Assert.False(waiter.Join(50));
        Assert.Equal(0, Volatile.Read(ref returned));
        _reference.Put();
        Assert.True(waiter.Join(10_000));
        _reference.Exit();
    }

    [Fact]
    public void CatchesTooManyPutsAndNamesTheOwner()
    {
        var error = Assert.Throws<CorruptionException>(() => _reference.Put());
        Assert.Contains("'disk'", error.Message, StringComparison.Ordinal);
        Assert.True(_reference.TryGet());
        Assert.Throws<CorruptionException>(() => _reference.Put(2));
        _reference.Kill();
        _reference.Put();
        Assert.Throws<CorruptionException>(() => _reference.Put());
        Assert.Throws<CorruptionException>(() => _reference.Put(0));
    }

    [Fact]
    public void CatchesStepsOutOfOrder()
    {
        Assert.Throws<CorruptionException>(_reference.WaitDrained);
        Assert.Throws<CorruptionException>(_reference.Exit);
        Assert.True(_reference.TryGet());
        _reference.Kill();
        Assert.Throws<CorruptionException>(_reference.Kill);
        Assert.Throws<CorruptionException>(_reference.Exit);
        _reference.Put();
        _reference.Exit();
        Assert.Throws<CorruptionException>(_reference.Exit);
    }

    [Fact]
    public void AllocatesNothing()
    {
        _reference.TryGet();
        _reference.Put();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            _reference.TryGet();
            _reference.Put();
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
