// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Uapi;
using Xunit;
using static Hmm.Core.Tests.Physical.PageMapWorld;

namespace Hmm.Core.Tests.Physical;

/// <summary>The order of teardown, one inversion a test.</summary>
public sealed class PageMapTeardownTests
{
    private readonly PageMapWorld _world = new();
    private readonly Resource _span;
    private readonly PageMap _map;

    public PageMapTeardownTests()
    {
        _span = _world.Span(0, 16);
        _map = _world.Map(_span);
    }

    private Pfn First => Pfn.FromAddress(_span.Start);

    [Fact]
    public void HandsOutNothingAndLooksAbsentOnceKilled()
    {
        Assert.True(_map.TryAllocateRun(1, out var pfn, out _));
        Assert.True(_map.TryKill());
        Assert.False(_map.TryAllocateRun(1, out _, out _));
        Assert.False(_map.TryAllocateOrder(0, out _));
        Assert.Null(_world.Memory.PageMaps.Find(pfn));
        Assert.False(_world.Memory.PageMaps.TryGet(pfn, out _));
        Assert.False(_map.TryNextUsed(default, out _));
        Expect(Errno.ENXIO, () => _world.Map(_world.Span(20, 1), "other").DriverWord(pfn, _world.Owner));
    }

    [Fact]
    public void StaysUsableForItsHoldersUntilTheLastOneIsGone()
    {
        _map.TryAllocateRun(1, out var pfn, out _);
        _map.TryKill();
        Assert.Same(_map, _world.Memory.PageMaps.OwnerOf(pfn));
        _map.Get(pfn);
        _map.DriverWord(pfn, _world.Owner) = 1;
        _map.Put(pfn);
        _map.Put(pfn);
        Assert.True(_map.Reference.IsDrained);
    }

    [Fact]
    public void DoesNotDrainBeforeTheFreeHookReturned()
    {
        var drainedInHook = true;
        PageMap? map = null;
        var world = new PageMapWorld { Ops = new TestOps((_, _) => drainedInHook = map!.Reference.IsDrained) };
        map = world.Map(1);
        map.TryAllocateRun(1, out var pfn, out _);
        map.TryKill();
        map.Put(pfn);
        Assert.False(drainedInHook);
        Assert.True(map.Reference.IsDrained);
    }

    [Fact]
    public void CannotDrainBeforeItIsKilledOrWhileInUse()
    {
        Assert.Throws<CorruptionException>(_map.Drain);
        _map.TryAllocateRun(1, out _, out _);
        _map.TryKill();
        Assert.Throws<CorruptionException>(_map.Drain);
    }

    [Fact]
    public void CannotRemoveFramesBeforeTheDrain()
    {
        Assert.Throws<CorruptionException>(_map.RemoveFrames);
        _map.TryKill();
        Assert.Throws<CorruptionException>(_map.RemoveFrames);
    }

    [Fact]
    public void CannotEraseTheIndexBeforeTheFramesAreGone()
    {
        _map.TryAllocateRun(1, out var pfn, out _);
        Assert.Throws<CorruptionException>(_map.EraseIndex);
        _map.TryKill();
        Assert.Throws<CorruptionException>(_map.EraseIndex);
        Assert.Same(_map, _world.Memory.PageMaps.OwnerOf(pfn));
        _map.Put(pfn);
        _map.Drain();
        Assert.Throws<CorruptionException>(_map.EraseIndex);
    }

    [Fact]
    public void CannotEndTheReferenceBeforeTheIndexIsErased()
    {
        _map.TryKill();
        _map.Drain();
        _map.RemoveFrames();
        Assert.Throws<CorruptionException>(_map.ExitReference);
        Assert.Equal(1, _world.Memory.PageMaps.Count);
    }

    [Fact]
    public void CannotReleaseTheResourceBeforeEverythingElse()
    {
        Action[] steps = [() => _map.TryKill(), _map.Drain, _map.RemoveFrames, _map.EraseIndex, _map.ExitReference];
        foreach (var step in steps)
        {
            var error = Expect(Errno.EBUSY, () => _world.Memory.Resources.Release(_span));
            Assert.Contains("'disk'", error.Message, StringComparison.Ordinal);
            Assert.Throws<CorruptionException>(_map.LetSpansGo);
            step();
        }

        Expect(Errno.EBUSY, () => _world.Memory.Resources.Release(_span));
        _map.LetSpansGo();
        _world.Memory.Resources.Release(_span);
    }

    [Fact]
    public void LetsAReaderThatWasOnItsWayFindNothing()
    {
        // A reader between the lookup and the get, while everything else happens.
        var found = _world.Memory.PageMaps.Find(First);
        Assert.Same(_map, found);
        _map.Remove();
        _world.Memory.Resources.Release(_span);
        Assert.False(found!.Reference.TryGet());
        Assert.True(_world.Memory.PageMaps.IsEmpty);
    }

    [Fact]
    public void RemovesOnceAndWaitsForTheLastHolder()
    {
        _map.TryAllocateRun(4, out var first, out _);
        var remover = new Thread(_map.Remove);
        remover.Start();
        SpinWait.SpinUntil(() => _map.IsDying);
        _map.Put(first, 3);
        Assert.False(remover.Join(50));
        Assert.Equal(TeardownStage.Killed, _map.Stage);
        _map.Put(first + 3);
        Assert.True(remover.Join(10_000));
        Assert.Equal(TeardownStage.SpansLetGo, _map.Stage);
        _map.Remove();
    }

    [Fact]
    public void CatchesALookupForAHolderWithoutAMap()
    {
        _map.Remove();
        Assert.Throws<CorruptionException>(() => _world.Memory.PageMaps.OwnerOf(First));
    }
}
