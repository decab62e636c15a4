// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.System.Tests.Support;
using Hmm.Uapi;

namespace Hmm.System.Tests;

/// <summary>Arrays larger than their budget, and everything that a program may say about their pages.</summary>
public sealed class PageTests : IDisposable
{
    private const int MiB = 1 << 20;
    private const int PageWords = 4096 / sizeof(ulong);

    private readonly HmmHost _host = Hosts.Start(4);

    /// <inheritdoc/>
    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData(4096)]
    [InlineData(16384)]
    [InlineData(65536)]
    [InlineData(2 * MiB)]
    public void KeepsEveryWordAtEveryPageSize(int pageBytes)
    {
        using var array =
            _host.Allocate<ulong>(16 * MiB / sizeof(ulong), new HmmRangeOptions { PageSizeBytes = pageBytes });
        Hosts.WriteAndCheck(array);
        for (var i = array.Length - 1; i >= 0; i -= 97)
        {
            Assert.Equal(Pattern.At(i), array[i]);
            array[i] = ~Pattern.At(i);
        }

        for (var i = array.Length - 1; i >= 0; i -= 97)
        {
            Assert.Equal(~Pattern.At(i), array[i]);
        }

        Assert.InRange(array.ResidentBytes, 1, _host.BudgetBytes);
    }

    [Fact]
    public void ReachesBeyondTwoToThe31Elements()
    {
        using var array = _host.Allocate<byte>(3L << 30);
        long[] places =
            [0, 1, int.MaxValue - 1L, int.MaxValue, 1L << 31, (1L << 31) + 1, (3L << 30) - 4096, (3L << 30) - 1];
        foreach (var place in places)
        {
            Assert.Equal(0, array[place]);
            array[place] = (byte)(1 + (place % 251));
        }

        foreach (var place in places)
        {
            Assert.Equal((byte)(1 + (place % 251)), array[place]);
        }

        var across = array.Span((1L << 31) - 8, 16);
        across.Fill(9);
        Assert.Equal(9, array[(1L << 31) + 7]);
        Assert.Equal(0, array[(1L << 31) + 8]);
        Assert.InRange(array.ResidentBytes, 1, 64 * 4096);
        Refused.AsMisuse<ArgumentOutOfRangeException>(() => _ = array[3L << 30]);
    }

    [Fact]
    public void HoldsAnyUnmanagedStruct()
    {
        using var array = _host.Allocate<Odd>(1_000_003);
        for (var i = 0; i < array.Length; i++)
        {
            array[i] = new Odd { A = (byte)i, B = i, C = i };
        }

        for (var i = 0; i < array.Length; i++)
        {
            // Elements of 13 bytes lie across page borders.
            Assert.True(array[i] is var odd && odd.A == (byte)i && odd.B == i && odd.C == i, $"element {i}");
        }
    }

    [Fact]
    public void SpansBehaveAsSpansDo()
    {
        using var array = _host.Allocate<ulong>(2 * MiB);
        Pattern.Words(0, (int)array.Length).AsSpan().CopyTo(array.Span(0, (int)array.Length));
        var span = array.Span(1000, MiB);
        Assert.Equal(MiB / 2, span.IndexOf(Pattern.At(1000 + (MiB / 2))));
        span.Reverse();
        Assert.Equal(Pattern.At(1000), span[^1]);
        span.Sort();
        for (var i = 1; i < span.Length; i++)
        {
            Assert.True(span[i - 1] <= span[i], $"sorted at {i}");
        }

        Assert.Equal(Pattern.At(999), array[999]);
        Assert.Equal(Pattern.At(1000 + MiB), array[1000 + MiB]);
    }

    [Fact]
    public void SystemCallsReadAndWriteAbsentPages()
    {
        using var folder = new TemporaryFolder();
        using var array = _host.Allocate<byte>(16 * MiB);
        var source = Pattern.Bytes(Pattern.Words(0, 2 * MiB));
        File.WriteAllBytes(folder.File("in"), source);
        using (var file = File.OpenHandle(folder.File("in")))
        {
            Assert.Equal(source.Length, RandomAccess.Read(file, array.Span(0, 16 * MiB), 0));
        }

        using (var file = File.Create(folder.File("out")))
        {
            file.Write(array.Span(0, 16 * MiB));
        }

        Assert.Equal(source, File.ReadAllBytes(folder.File("out")));
    }

    [Fact]
    public void PopulatePutsPagesIntoMemory()
    {
        using var array = Written();
        array.DontNeed(array.Length / 2, array.Length / 2); // so that none of them has to leave for another
        array.Populate(0, 256 * PageWords);
        Assert.All(StatesOf(array, 0, 256), static state =>
            Assert.True(state is PageStateCode.Clean or PageStateCode.Dirty, $"{state}"));
        array.Populate(0, 256 * PageWords, write: true);
        var before = array.Statistics.WriteProtectFaults;
        for (var page = 0; page < 256; page++)
        {
            array[page * PageWords] ^= 1;
        }

        Assert.Equal(before, array.Statistics.WriteProtectFaults);
    }

    [Fact]
    public void PrefetchBringsPagesBeforeTheyAreTouched()
    {
        using var array = Written();
        array.DontNeed(array.Length / 2, array.Length / 2);
        array.Prefetch(0, 128 * PageWords);
        Hosts.Eventually(
            () => StatesOf(array, 0, 128).All(static state => state is PageStateCode.Clean or PageStateCode.Dirty),
            "prefetched pages come by themselves");
        var before = array.Statistics.Faults;
        Hosts.Check(array, 0, 128 * PageWords);
        Assert.Equal(before, array.Statistics.Faults);
        Assert.True(array.Statistics.PrefetchedPages >= 128, "they are counted");
    }

    [Fact]
    public void AListOfIndexesIsBroughtWhateverItsOrder()
    {
        using var array = Written();
        array.DontNeed(array.Length / 2, array.Length / 2);
        var pages = Enumerable.Range(0, 64).Select(static i => i * 37 % 64 * 3).ToArray();
        array.Prefetch(Array.ConvertAll(pages, static page => (page * PageWords) + 5L));
        Hosts.Eventually(
            () => pages.All(page => StatesOf(array, page, 1).Single() is PageStateCode.Clean or PageStateCode.Dirty),
            "listed pages come by themselves");
        var before = array.Statistics;
        foreach (var page in pages)
        {
            Hosts.Check(array, page * PageWords, PageWords);
        }

        Assert.Equal(before.Faults, array.Statistics.Faults);
    }

    [Fact]
    public void WillWriteSparesTheFirstWritesFault()
    {
        using var array = Written();
        array.DontNeed(array.Length / 2, array.Length / 2);
        array.WillWrite(0, 128 * PageWords);
        Hosts.Eventually(() =>
            StatesOf(array, 0, 128).All(static state => state is PageStateCode.Dirty), "pages come writable");
        var before = array.Statistics;
        for (var page = 0; page < 128; page++)
        {
            array[page * PageWords] ^= 1;
        }

        var after = array.Statistics;
        Assert.Equal((before.Faults, before.WriteProtectFaults), (after.Faults, after.WriteProtectFaults));
    }

    [Fact]
    public void DontNeedForgetsWholePagesAndNothingElse()
    {
        using var array = Written();
        array.DontNeed(10, 4 * PageWords);
        Hosts.Check(array, 0, PageWords);
        Assert.True(array.Span(PageWords, 3 * PageWords).IndexOfAnyExcept(0UL) < 0, "three whole pages are zero");
        Hosts.Check(array, 4 * PageWords, array.Length - (4 * PageWords));
        array.DontNeed(0, array.Length);
        Assert.Equal(0, array.ResidentBytes);
        Assert.All(_host.Devices(), static device => Assert.Equal(0UL, device.UsedBytes));
        Assert.Equal(0UL, array[array.Length - 1]);
    }

    [Fact]
    public void EvictsNothingWhilePinned()
    {
        using var array = Written();
        using (array.Pin(0, 256 * PageWords))
        {
            Hosts.Check(array, 256 * PageWords, array.Length - (256 * PageWords));
            Assert.All(StatesOf(array, 0, 256), static state =>
                Assert.True(state is PageStateCode.Clean or PageStateCode.Dirty, $"{state}"));
            Refused.With(Errno.EBUSY, () => array.DontNeed(0, array.Length), "pinned");
            Assert.Equal(256UL, array.Statistics.PinnedPages);
        }

        Assert.Equal(0UL, array.Statistics.PinnedPages);
        Hosts.Check(array, 0, array.Length);

        // Now they may leave: not for a scan, which reclaim lets pass by, but for pages that are used again and again:
        // more than there is room for, and few enough that reclaim remembers them until they come back.
        var resident = 256;
        for (var round = 0; round < 10 && resident == 256; round++)
        {
            Hosts.Check(array, 256 * PageWords, 1400 * PageWords);
            resident = StatesOf(array, 0, 256)
                .Count(static state => state is PageStateCode.Clean or PageStateCode.Dirty);
        }

        Assert.NotEqual(256, resident);
    }

    [Fact]
    public void RefusesToPinMoreThanTheBudgetCanHold()
    {
        using var array = Written();
        Refused.With(Errno.ENOMEM, () => array.Pin(0, array.Length).Dispose(), "budget");
        Assert.Equal(0UL, array.Statistics.PinnedPages);
        Hosts.Check(array, 0, array.Length);
    }

    [Fact]
    public unsafe void PinnedMemoryHasAnAddressThatStays()
    {
        using var array = Written();
        var memory = array.Memory(PageWords, 2 * PageWords);
        using (var handle = memory.Pin())
        {
            Assert.Equal((nint)(array.Pointer + PageWords), (nint)handle.Pointer);
            Assert.Equal(2UL, array.Statistics.PinnedPages);
            Assert.Equal(Pattern.At(PageWords), *(ulong*)handle.Pointer);
        }

        Assert.Equal(0UL, array.Statistics.PinnedPages);
        Assert.True(MemoryMarshal.TryGetMemoryManager<ulong,
            global::System.Buffers.MemoryManager<ulong>>(memory, out _), "it is Memory as any");
    }

    [Theory]
    [InlineData(Advice.Normal)]
    [InlineData(Advice.Random)]
    [InlineData(Advice.Sequential)]
    public void AdviceChangesSpeedAndNothingElse(Advice advice)
    {
        using var array = Written();
        array.Advise(advice);
        const int Pages = 1024;
        var away = StatesOf(array, 0, Pages).Count(static state => state == PageStateCode.OnDevice);
        var before = array.Statistics.Faults;
        for (var page = 0L; page < Pages; page++)
        {
            Assert.Equal(Pattern.At(page * PageWords), array[page * PageWords]);

            // It asks the host something before the next: who reads faster than pages can come waits for each, and what
            // is judged is whether they are asked for, not how many of the processors this test has.
            _ = array.Describe(page * PageWords);
        }

        // At random each that was away faults by itself; else most come with one before them.
        var faults = (long)(array.Statistics.Faults - before);
        Assert.InRange(away, Pages / 4, Pages);
        Assert.True(
            advice == Advice.Random ? faults >= away : faults < away * 3 / 10,
            $"{faults} faults for {away} pages that were away with advice {advice}");
        Hosts.WriteAndCheck(array, round: 1);
    }

    [Fact]
    public void EndsWithDispose()
    {
        var array = Written();
        array.Dispose();
        array.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _ = array.Length);
        Assert.Throws<ObjectDisposedException>(() => _ = array[0]);
        Assert.Throws<ObjectDisposedException>(() => _ = array.Span(0, 1).Length);
        Assert.Throws<ObjectDisposedException>(() => array.Read(0, new ulong[1]));
        Assert.Throws<ObjectDisposedException>(() => array.Pin(0, 1));
        Assert.Throws<ObjectDisposedException>(() => array.Prefetch(0, 1));
        Assert.Throws<ObjectDisposedException>(array.Flush);
        Assert.Throws<ObjectDisposedException>(() => _ = array.Statistics);
        Assert.Empty(_host.Ranges());
        _host.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _host.Allocate<int>(1));
    }

    // 16 MiB of which a quarter is in memory: the end of it, and pages that were written while they left.
    private HmmArray<ulong> Written()
    {
        var array = _host.Allocate<ulong>(16 * MiB / sizeof(ulong));
        Hosts.Write(array, 0, array.Length);
        return array;
    }

    private static IEnumerable<PageStateCode> StatesOf(HmmArray<ulong> array, int first, int count) =>
        Enumerable.Range(first, count).Select(page => array.Describe((long)page * PageWords).State);

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private struct Odd
    {
        public byte A;
        public int B;
        public double C;
    }
}
