// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Core.Physical;
using Hmm.Uapi;
using Xunit;
using static Hmm.Core.Tests.Physical.PageMapWorld;

namespace Hmm.Core.Tests.Physical;

public sealed class PageMapCreateTests
{
    private readonly PageMapWorld _world = new();

    [Fact]
    public void PublishesEverySpan()
    {
        var (low, high) = (_world.Span(0, 8), _world.Span(100, 4));
        var map = PageMap.Create(_world.Memory, _world.Options([new(high), new(low)]));
        Assert.Equal(12UL, map.FramesTotal);
        Assert.Equal([high, low], map.Spans);
        foreach (var pfn in new[] { Pfn.FromAddress(low.Start), Pfn.FromAddress(low.End), Pfn.FromAddress(high.End) })
        {
            Assert.True(map.Contains(pfn));
            Assert.Same(map, _world.Memory.PageMaps.Find(pfn));
        }

        Assert.Null(_world.Memory.PageMaps.Find(Pfn.FromAddress(low.End) + 1));
        Assert.Equal([map], _world.Memory.PageMaps.Snapshot());
        map.Remove();
        Assert.Equal(0, _world.Memory.PageMaps.Count);
    }

    [Fact]
    public void RefusesWhatDoesNotFit()
    {
        var span = new PageMapSpan(_world.Span(0, 8));
        var coherent = new PageMapSpan(_world.Span(8, 8, ResourceKind.DeviceCoherent));
        var tooMany = Enumerable.Repeat(span, PageMap.SpansMax + 1).ToArray();
        PageMapOptions[] refused =
        [
            _world.Options([]),
            _world.Options(tooMany),
            _world.Options([span], frameOrder: 10),
            _world.Options([span], frameOrder: -1),
            _world.Options([span], frameOrder: 4),
            _world.Options([span with { CpuAddress = 0x1000 }]),
            _world.Options([coherent]),
            With([span], type: 0),
            With([span], type: (PageMapType)3),
            With([span], PageMapType.Coherent),
            With([coherent], PageMapType.Coherent),
            With([coherent with { CpuAddress = 0x1001 }], PageMapType.Coherent),
            With([span], PageMapType.Private, ops: false),
            With([span], PageMapType.Private, owner: false),
            With([span, span], PageMapType.Private, altMap: new AltMap(0x1000, 1_000)),
            With([span], PageMapType.Private, altMap: new AltMap(0x1001, 1_000)),
            With([span], PageMapType.Private, altMap: new AltMap(0, 1_000)),
        ];
        foreach (var options in refused)
        {
            var error = Expect(Errno.EINVAL, () => PageMap.Create(_world.Memory, options));
            Assert.Contains("'disk'", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(0, _world.Memory.PageMaps.Count);
        _world.Memory.Resources.Release(span.Resource);
        _world.Memory.Resources.Release(coherent.Resource);
    }

    [Fact]
    public void RefusesASpanThatIsNotWholeFrames()
    {
        var odd = _world.Memory.Resources.Request(null, Base + 1, Pfn.SizeBytes, "odd", ResourceKind.DevicePrivate);
        Expect(Errno.EINVAL, () => _world.Map(odd));
    }

    [Fact]
    public void RefusesAReleasedResource()
    {
        var span = _world.Span(0, 8);
        _world.Memory.Resources.Release(span);
        Expect(Errno.EINVAL, () => _world.Map(span));
    }

    [Fact]
    public void RefusesSystemRam()
    {
        Expect(Errno.ENXIO, () => _world.Map(_world.Memory.SystemRam));
        var inside = _world.Memory.Resources.Request(
            _world.Memory.SystemRam, 0, Pfn.SizeBytes, "inside", ResourceKind.DevicePrivate);
        Expect(Errno.ENXIO, () => _world.Map(inside));
        var around = _world.Span(0, 64);
        _world.Span(3, 1, ResourceKind.SystemRam, around);
        Expect(Errno.ENXIO, () => _world.Map(around));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(31, 1)]
    [InlineData(7, 2)]
    public void RefusesAnyPartOfAnotherMapAndNamesBoth(ulong first, ulong frames)
    {
        // Linux probes the end points of the new mapping only, so it misses (7, 2), which lies
        // strictly inside.
        var outer = _world.Span(0, 32);
        var inner = _world.Span(first, frames, parent: outer);
        var map = _world.Map(inner, "inner");
        var error = Expect(Errno.EBUSY, () => _world.Map(outer, "outer"));
        Assert.Contains("'inner'", error.Message, StringComparison.Ordinal);
        Assert.Contains("'outer'", error.Message, StringComparison.Ordinal);
        map.Remove();
        _world.Map(outer, "outer");
        Expect(Errno.EBUSY, () => _world.Map(inner, "inner"));
    }

    [Fact]
    public void RefusesTwoMapsOnOneResourceAndNamesBoth()
    {
        var span = _world.Span(0, 8);
        _world.Map(span, "first");
        var error = Expect(Errno.EBUSY, () => _world.Map(span, "second"));
        Assert.Contains("'first'", error.Message, StringComparison.Ordinal);
        Assert.Contains("'second'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LeavesNothingBehindWhenTheThirdSpanOfFiveFails()
    {
        var spans = Enumerable.Range(0, 5).Select(i => _world.Span((ulong)i * 100, 10)).ToArray();
        var taken = _world.Span(204, 1, parent: spans[2]);
        var other = _world.Map(taken, "other");
        var options = _world.Options([.. spans.Select(span => new PageMapSpan(span))]);
        Expect(Errno.EBUSY, () => PageMap.Create(_world.Memory, options));
        Assert.Equal([other], _world.Memory.PageMaps.Snapshot());
        Assert.All(spans, span => Assert.Null(_world.Memory.PageMaps.Find(Pfn.FromAddress(span.Start))));

        other.Remove();
        var map = PageMap.Create(_world.Memory, options);
        map.Remove();
        _world.Memory.Resources.Release(taken);
        Assert.All(spans, _world.Memory.Resources.Release);
        Assert.True(_world.Memory.PageMaps.IsEmpty);
    }

    [Fact]
    public void RefusesSpansThatOverlapEachOther()
    {
        var outer = _world.Span(0, 32);
        var inner = _world.Span(7, 2, parent: outer);
        Expect(Errno.EBUSY, () => PageMap.Create(_world.Memory, _world.Options([new(inner), new(outer)])));
        Expect(Errno.EBUSY, () => PageMap.Create(_world.Memory, _world.Options([new(inner), new(inner)])));
        _world.Map(outer);
    }

    [Fact]
    public unsafe void KeepsItsMetadataWhereTheDriverSays()
    {
        const int Frames = 16;
        var bytes = Frames * PageMap.MetadataBytesPerFrame;
        var address = (nint)NativeMemory.Alloc((nuint)bytes);
        new Span<byte>((void*)address, bytes).Fill(0xFF);
        var span = _world.Span(0, Frames);
        var tooSmall = With([new(span)], PageMapType.Private, altMap: new AltMap(address, (ulong)bytes - 1));
        Expect(Errno.ENOMEM, () => PageMap.Create(_world.Memory, tooSmall));

        var options = With([new(span)], PageMapType.Private, altMap: new AltMap(address, (ulong)bytes));
        var map = PageMap.Create(_world.Memory, options);
        Assert.True(map.TryAllocateRun(1, out var first, out _));
        map.FrameOf(first).DriverWord = 0x1234_5678_9ABC_DEF0;
        var words = new ReadOnlySpan<ulong>((void*)address, bytes / sizeof(ulong)).ToArray();
        Assert.Contains(0x1234_5678_9ABC_DEF0UL, words);
        map.Put(first);
        map.Remove();
        NativeMemory.Free((void*)address);
    }

    [Fact]
    public void LocatesCoherentFramesForTheCpu()
    {
        var span = _world.Span(4, 8, ResourceKind.DeviceCoherent);
        var map = PageMap.Create(_world.Memory, With([new(span, 0x70000)], PageMapType.Coherent));
        Assert.Equal(0x70000 + (3 * Pfn.SizeBytes), map.CpuAddress(Pfn.FromAddress(span.Start) + 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => map.CpuAddress(default));
        Assert.Equal(0, _world.Map(_world.Span(100, 1)).CpuAddress(Pfn.FromAddress(Base) + 100));
    }

    private PageMapOptions With(
        PageMapSpan[] spans,
        PageMapType type,
        bool ops = true,
        bool owner = true,
        AltMap? altMap = null) => new()
        {
            Name = "disk",
            Type = type,
            Owner = owner ? _world.Owner : null!,
            Ops = ops ? _world.Ops : null,
            Spans = spans,
            AltMap = altMap,
        };
}
