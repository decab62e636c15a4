// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Simulation.Tests.Kernel;
using Hmm.Simulation.Tests.Scheduling;

namespace Hmm.Simulation.Tests.Virtual;

public sealed class PageTableTests : IDisposable
{
    private readonly NativePool _pool = new();

    public void Dispose() => _pool.Dispose();

    [Theory]
    [InlineData(1, 4096 + 8)]
    [InlineData(512, 4096 + 4096)]
    [InlineData(1L << 32, (1UL << 20) + (1UL << 35))]
    public void SizeIsABitmapInWholePagesAndEightBytesAPage(long pages, ulong bytes) =>
        Assert.Equal(bytes, PageTable.SizeBytes(pages));

    [Fact]
    public void AScanFindsExactlyTheChunksThatWereTouched()
    {
        const int pages = 512 * 200;
        var random = new SeededRandom(3);
        for (var round = 0; round < 50; round++)
        {
            _pool.Reset();
            var table = Make(pages);
            var touched = new SortedSet<long>();
            for (var i = random.Next(20); i > 0; i--)
            {
                var page = (long)random.Next(pages);
                touched.Add(page / PageTable.ChunkPages);
                Assert.True(table.TryTransition(page, table.Read(page), table.Read(page).In(PageState.Busy)));
            }

            var found = new List<long>();
            for (var page =
                table.NextTouchedChunk(0); page < pages; page = table.NextTouchedChunk(page + PageTable.ChunkPages))
            {
                found.Add(page / PageTable.ChunkPages);
            }

            Assert.Equal(touched, found);
        }
    }

    [Fact]
    public void AScanBeginsInTheMiddleOfAChunk()
    {
        var table = Make(2000);
        Assert.True(table.TryTransition(700, default, new PageEntry(0).In(PageState.Busy)));
        Assert.Equal(512, table.NextTouchedChunk(0));
        Assert.Equal(600, table.NextTouchedChunk(600));
        Assert.Equal(2000, table.NextTouchedChunk(1024));
        Assert.Equal(2000, table.NextTouchedChunk(2000));
    }

    [Fact]
    public void ATransitionLosesToWhateverCameBetween()
    {
        var table = Make(8);
        var seen = table.Read(3);
        Assert.True(table.TryTransition(3, seen, seen.In(PageState.Busy)));
        Assert.False(table.TryTransition(3, seen, seen.In(PageState.Busy)));
        Assert.Equal(PageState.Busy, table.Read(3).State);
    }

    [Fact]
    public void PublishTellsWhetherSomebodyWaits()
    {
        var table = Make(8);
        Assert.True(table.TryTransition(0, default, new PageEntry(0).In(PageState.Busy)));
        Assert.False(table.Publish(0, table.Read(0).In(PageState.Clean)));
        Assert.True(table.TryTransition(0, table.Read(0), table.Read(0).In(PageState.Busy)));
        Assert.True(table.TryTransition(0, table.Read(0), table.Read(0).WithPending()));
        Assert.True(table.Publish(0, table.Read(0).In(PageState.Dirty)));
    }

    [Fact]
    public void PublishByANonOwnerIsCorruption()
    {
        var table = Make(8);
        Assert.Contains("corruption", Assert.Throws<ScheduleException>(() =>
            table.Publish(0, table.Read(0).In(PageState.Dirty))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(8)]
    public void APageOutsideIsCorruption(long page)
    {
        var table = Make(8);
        Assert.Throws<ScheduleException>(() => table.Read(page));
    }

    [Fact]
    public void AnotherHostAdoptsWhatIsThere()
    {
        const int pages = 512 * 70;
        var memory = _pool.RentZeroed((long)PageTable.SizeBytes(pages));
        var old = new PageTable(memory, pages);
        var entry = new PageEntry(0).In(PageState.Busy).WithFrame(new Pfn(77)).WithPins(2);
        Assert.True(old.TryTransition(512 * 65, default, entry));
        var adopted = new PageTable(memory, pages);
        Assert.Equal(entry, adopted.Read(512 * 65));
        Assert.Equal(512 * 65, adopted.NextTouchedChunk(0));
    }

    private PageTable Make(int pages) => new(_pool.RentZeroed((long)PageTable.SizeBytes(pages)), pages);
}
