// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Uapi;
using Xunit;

namespace Hmm.Core.Tests.Physical;

public sealed class ResourceTreeTests
{
    private readonly ResourceTree _tree = new();

    [Fact]
    public void ClaimsASpanWithInclusiveBounds()
    {
        var resource = _tree.Request(null, 0x1000, 0x2000, "pool", ResourceKind.Reserved);
        Assert.Equal((0x1000UL, 0x2FFFUL, 0x2000UL), (resource.Start, resource.End, resource.SizeBytes));
        Assert.Null(resource.Parent);
        Assert.Equal("00001000-00002fff : pool", resource.ToString());
    }

    [Fact]
    public void ClaimsTheWholeAddressSpaceAndNoByteMore()
    {
        var all = _tree.Request(null, 0, ResourceTree.SizeBytes, "all", ResourceKind.Reserved);
        Assert.Equal(ResourceTree.SizeBytes, all.SizeBytes);
        _tree.Release(all);
        Expect(Errno.ERANGE, () => _tree.Request(null, 1, ResourceTree.SizeBytes, "all", ResourceKind.Reserved));
        Expect(Errno.ERANGE, () => _tree.Request(null, ulong.MaxValue, 1, "far", ResourceKind.Reserved));
    }

    [Fact]
    public void RefusesAnOverlapAndNamesBothOwners()
    {
        _tree.Request(null, 0x1000, 0x1000, "first", ResourceKind.Reserved);
        var error = Expect(Errno.EBUSY, () => _tree.Request(null, 0x1FFF, 1, "second", ResourceKind.Reserved));
        Assert.Contains("'first'", error.Message, StringComparison.Ordinal);
        Assert.Contains("'second'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesASpanThatCoversAnother()
    {
        _tree.Request(null, 0x1000, 0x1000, "inside", ResourceKind.Reserved);
        Expect(Errno.EBUSY, () => _tree.Request(null, 0, 0x10000, "around", ResourceKind.Reserved));
    }

    [Fact]
    public void NestsInsideAParentOnly()
    {
        var parent = _tree.Request(null, 0x1000, 0x1000, "parent", ResourceKind.Reserved);
        var child = _tree.Request(parent, 0x1800, 0x800, "child", ResourceKind.Generic);
        Assert.Same(parent, child.Parent);
        Expect(Errno.EINVAL, () => _tree.Request(parent, 0x1FFF, 2, "out", ResourceKind.Generic));
        Expect(Errno.EINVAL, () => _tree.Request(parent, 0xFFF, 2, "out", ResourceKind.Generic));
    }

    [Fact]
    public void RefusesNothingAtAll()
    {
        Expect(Errno.EINVAL, () => _tree.Request(null, 0, 0, "nothing", ResourceKind.Generic));
        Expect(Errno.EINVAL, () => _tree.RequestFree(0, 1, "nothing", ResourceKind.Generic));
        Assert.Throws<ArgumentOutOfRangeException>(() => _tree.RequestFree(1, 3, "odd", ResourceKind.Generic));
    }

    [Fact]
    public void ReleasesOnceAndOnlyWhatIsEmpty()
    {
        var parent = _tree.Request(null, 0x1000, 0x1000, "parent", ResourceKind.Reserved);
        var child = _tree.Request(parent, 0x1000, 1, "child", ResourceKind.Generic);
        var error = Expect(Errno.EBUSY, () => _tree.Release(parent));
        Assert.Contains("'child'", error.Message, StringComparison.Ordinal);
        _tree.Release(child);
        _tree.Release(parent);
        Assert.Throws<InvalidOperationException>(() => _tree.Release(parent));
        Expect(Errno.EINVAL, () => _tree.Request(parent, 0x1000, 1, "orphan", ResourceKind.Generic));
        Assert.Empty(_tree.Walk());
    }

    [Fact]
    public void RefusesAResourceOfAnotherTree()
    {
        var foreign = new ResourceTree().Request(null, 0, 1, "foreign", ResourceKind.Generic);
        Assert.Throws<InvalidOperationException>(() => _tree.Release(foreign));
        Expect(Errno.EINVAL, () => _tree.Request(foreign, 0, 1, "child", ResourceKind.Generic));
    }

    [Fact]
    public void FindsTheHighestAndTheLowestGap()
    {
        var window = _tree.Request(null, 0x10000, 0x10000, "window", ResourceKind.Reserved);
        _tree.Request(window, 0x14000, 0x8000, "middle", ResourceKind.Generic);
        var top = _tree.RequestFree(0x1000, 0x1000, "top", ResourceKind.Generic, parent: window);
        var bottom = _tree.RequestFree(
            0x1000, 0x1000, "bottom", ResourceKind.Generic, SearchDirection.BottomUp, window);
        Assert.Equal((0x1F000UL, 0x10000UL), (top.Start, bottom.Start));
    }

    [Fact]
    public void FindsAGapThatIsNotAMultipleOfTheSizeFromTheTop()
    {
        // The search of Linux 4.14 stepped down by the size, and missed this one.
        var window = _tree.Request(null, 0, 0x10000, "window", ResourceKind.Reserved);
        _tree.Request(window, 0, 0x5000, "low", ResourceKind.Generic);
        _tree.Request(window, 0x8000, 0x8000, "high", ResourceKind.Generic);
        Assert.Equal(0x5000UL, _tree.RequestFree(0x3000, 0x1000, "gap", ResourceKind.Generic, parent: window).Start);
        Expect(Errno.ERANGE, () => _tree.RequestFree(1, 1, "full", ResourceKind.Generic, parent: window));
    }

    [Fact]
    public void TellsHowASpanMeetsAKind()
    {
        _tree.Request(null, 0x1000, 0x1000, "ram", ResourceKind.SystemRam);
        var outer = _tree.Request(null, 0x3000, 0x1000, "outer", ResourceKind.Reserved);
        _tree.Request(outer, 0x3400, 0x100, "ram inside", ResourceKind.SystemRam);
        Assert.Equal(Intersection.Disjoint, _tree.Intersects(0, 0x1000, ResourceKind.SystemRam));
        Assert.Equal(Intersection.Intersects, _tree.Intersects(0, 0x3000, ResourceKind.SystemRam));
        Assert.Equal(Intersection.Mixed, _tree.Intersects(0, 0x3001, ResourceKind.SystemRam));
        Assert.Equal(Intersection.Disjoint, _tree.Intersects(0x3000, 0x400, ResourceKind.SystemRam));
        Assert.Equal(Intersection.Mixed, _tree.Intersects(0x3000, 0x401, ResourceKind.SystemRam));
        Assert.Equal(Intersection.Intersects, _tree.Intersects(0x3410, 0x10, ResourceKind.SystemRam));
    }

    [Fact]
    public void TwoThreadsNeverClaimTheSameGap()
    {
        const int Claims = 2_000;
        var window = _tree.Request(null, 0, 4 * Claims, "window", ResourceKind.Reserved);
        Parallel.For(0, 4, worker =>
        {
            var direction = worker % 2 == 0 ? SearchDirection.TopDown : SearchDirection.BottomUp;
            for (var i = 0; i < Claims; i++)
            {
                _tree.RequestFree(1, 1, "byte", ResourceKind.Generic, direction, window);
            }
        });
        var starts = _tree.Walk().Where(entry => entry.Depth == 1).Select(entry => entry.Resource.Start);
        Assert.Equal(Enumerable.Range(0, 4 * Claims).Select(i => (ulong)i), starts);
        Expect(Errno.ERANGE, () => _tree.RequestFree(1, 1, "byte", ResourceKind.Generic, parent: window));
    }

    private static HmmException Expect(Errno errno, Action action)
    {
        var exception = Assert.Throws<HmmException>(action);
        Assert.Equal(errno, exception.Errno);
        return exception;
    }
}
