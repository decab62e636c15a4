// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Simulation.Tests.Hosting;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Virtual;

/// <summary>Address spaces and the index of ranges.</summary>
public sealed class RangeTests : IDisposable
{
    private readonly NativePool _pool = new();
    private readonly SeededScheduler _scheduler = new();
    private readonly SimulatedHost _host;

    public RangeTests()
    {
        _scheduler.Begin(1, 0);
        _host = new SimulatedHost(_scheduler, _pool, new HostSettings());
    }

    public void Dispose()
    {
        _host.Dispose();
        _scheduler.Dispose();
        _pool.Dispose();
    }

    [Fact]
    public void FindsARangeByEveryAddressInIt()
    {
        var random = new SeededRandom(5);
        var ranges =
            Enumerable.Range(0, 20).Select(_ => _host.Open(RangeKind.Anonymous, random.Between(1, 40))).ToArray();
        foreach (var range in ranges)
        {
            var (first, length) = (range.Range.BaseAddress, range.Range.LengthBytes);
            Assert.Same(range.Range, _host.Space.Find(first));
            Assert.Same(range.Range, _host.Space.Find(first + length - 1));
            Assert.Null(_host.Space.Find(first - 1));
            Assert.Null(_host.Space.Find(first + length));
            Assert.Equal(range.Range.PageCount - 1, range.Range.PageOf(first + length - 1));
        }

        foreach (var range in ranges)
        {
            _host.Close(range);
            Assert.Null(_host.Space.Find(range.Range.BaseAddress));
        }

        _host.VerifyEmpty();
    }

    [Theory]
    [InlineData(0x100000, 16, 0x100000, 16)]
    [InlineData(0x100000, 16, 0x10F000, 1)]
    [InlineData(0x100000, 16, 0xF0000, 17)]
    [InlineData(0x100000, 16, 0x0, 4096)]
    public void RefusesARangeThatOverlaps(ulong address, int pages, ulong otherAddress, int otherPages)
    {
        var first = Create(address, pages);
        var exception = Assert.Throws<HmmException>(() => Create(otherAddress, otherPages));
        Assert.Equal(Errno.EEXIST, exception.Errno);
        Assert.Contains(first.Name, exception.Message, StringComparison.Ordinal);
        _host.Space.CloseRange(first);
        _host.Space.CloseRange(Create(otherAddress, otherPages));
    }

    [Fact]
    public void TakesNeighbours()
    {
        var first = Create(0x100000, 16);
        var second = Create(0x110000, 16);
        Assert.Same(first, _host.Space.Find(0x10FFFF));
        Assert.Same(second, _host.Space.Find(0x110000));
        _host.Space.CloseRange(second);
        _host.Space.CloseRange(first);
        _host.Space.CloseRange(first);
    }

    [Theory]
    [InlineData(0x100800, 1, 12)]
    [InlineData(0x101000, 1, 16)]
    [InlineData(0x100000, 0, 12)]
    [InlineData(0x100000, -1, 12)]
    [InlineData(0x100000, 1L << 40, 12)]
    [InlineData(0x100000, 1, 11)]
    [InlineData(0x200000, 1, 22)]
    [InlineData(0xFFFF_FFFF_FFFF_F000, 2, 12)]
    public void RefusesASpanThatIsNone(ulong address, long pages, int pageShift)
    {
        var memory = new SimulatedMemory(_host.Kernel, _pool, "odd", address, 1, 12);
        var exception = Assert.Throws<HmmException>(() => _host.Space.CreateRange(
            new MemoryRangeOptions { Name = "odd", Kind =
                RangeKind.Anonymous, BaseAddress = address, PageCount = pages, PageShift = pageShift, TableMemory = 8 },
            memory));
        Assert.Equal(Errno.EINVAL, exception.Errno);
        Assert.Contains("odd", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesAFileRangeWithoutAFile()
    {
        var exception = Assert.Throws<HmmException>(() => _host.Open(RangeKind.FileShared, 4));
        Assert.Equal(Errno.EINVAL, exception.Errno);
    }

    [Fact]
    public void IdsComeBackAsLateAsPossible()
    {
        var ids = new HashSet<uint>();
        for (var i = 0; i < 40; i++)
        {
            var range = Create(0x100000, 1);
            Assert.True(ids.Add(range.Id), $"id {range.Id} came back after {i} ranges");
            _host.Space.CloseRange(range);
        }
    }

    [Fact]
    public void TheIndexGrowsAndFindsEveryRange()
    {
        var ranges = Enumerable.Range(0, 300).Select(i => Create((ulong)i << 20, 1)).ToArray();
        Assert.Equal(300, _host.Manager.Ranges.Count);
        Assert.Equal(300, _host.Manager.Ranges.Snapshot().Count);
        foreach (var range in ranges)
        {
            Assert.True(_host.Manager.Ranges.TryAcquire(range.Id, out var found));
            Assert.Same(range, found);
            _host.Manager.Leave(found);
            _host.Space.CloseRange(range);
            Assert.False(_host.Manager.Ranges.TryAcquire(range.Id, out _));
        }

        Assert.Equal(0, _host.Manager.Ranges.Count);
        Assert.False(_host.Manager.Ranges.TryAcquire(0, out _));
        Assert.False(_host.Manager.Ranges.TryAcquire(uint.MaxValue, out _));
    }

    [Fact]
    public void AMessageForNoRangeDoesNothing()
    {
        _host.Manager.Faults.Handle(_host.Space, 0x1234, write: true, writeProtect: false);
        _host.VerifyEmpty();
    }

    private MemoryRange Create(ulong address, int pages)
    {
        var memory = new SimulatedMemory(_host.Kernel, _pool, $"range at 0x{address:x}", address, 1, 12);
        return _host.Space.CreateRange(
            new MemoryRangeOptions
            {
                Name = $"range at 0x{address:x}",
                Kind = RangeKind.Anonymous,
                BaseAddress = address,
                PageCount = pages,
                TableMemory = _pool.RentZeroed((long)PageTable.SizeBytes(pages)),
            },
            memory);
    }
}
