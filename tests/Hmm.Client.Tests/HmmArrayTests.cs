// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Client.Tests;

public sealed unsafe class HmmArrayTests : ConnectedTests
{
    [Fact]
    public void AsksForWholePagesAtAnAlignedAddress()
    {
        using var array = Host.Allocate<double>(1000, new HmmRangeOptions { Name = "vector", Advice = Advice.Random });
        var request = Wire.Last<CreateRangeRequest>(Operation.CreateRange);

        Assert.Equal(RangeKind.Anonymous, request.Kind);
        Assert.Equal(8192UL, request.LengthBytes);
        Assert.Equal(12u, request.PageShift);
        Assert.Equal(0UL, request.FileBytes);
        Assert.Equal(Advice.Random, request.Advice);
        Assert.Equal("vector", request.Name.ToString());
        Assert.Equal((ulong)array.Pointer, request.BaseAddress);
        Assert.Equal(0UL, request.BaseAddress % (2 << 20));
        Assert.Equal(1000, array.Length);
    }

    [Fact]
    public void TakesLargerPages()
    {
        using var array = Host.Allocate<byte>(1, new HmmRangeOptions { PageSizeBytes = 2 << 20 });
        var request = Wire.Last<CreateRangeRequest>(Operation.CreateRange);

        Assert.Equal(21u, request.PageShift);
        Assert.Equal(2UL << 20, request.LengthBytes);
        Assert.Equal("Byte[]", array.Name);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    [InlineData((1L << 43) + 1)]
    public void RefusesLengthsThatCannotBe(long length)
    {
        var refused = Assert.Throws<ArgumentOutOfRangeException>(() => Host.Allocate<long>(length));
        Assert.Contains("1 to 8796093022208 elements", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-4096)]
    [InlineData(2048)]
    [InlineData(12288)]
    [InlineData(4 << 20)]
    public void RefusesPageSizesThatCannotBe(int bytes) => Assert.Throws<ArgumentOutOfRangeException>(
        () => Host.Allocate<byte>(1, new HmmRangeOptions { PageSizeBytes = bytes }));

    [Fact]
    public void RefusesOtherOptionsThatCannotBe()
    {
        Assert.Throws<ArgumentOutOfRangeException>(
            () => Host.Allocate<byte>(1, new HmmRangeOptions { Advice = (Advice)3 }));
        Assert.Throws<ArgumentException>(
            () => Host.Allocate<byte>(1, new HmmRangeOptions { Name = new string('n', 64) }));
    }

    [Fact]
    public void CountsElementsBeyondTwoToThe31()
    {
        const long Length = 5_000_000_000;
        using var array = Host.Allocate<int>(Length);

        Assert.Equal(Length, array.Length);
        ref var last = ref array[Length - 1];
        fixed (int* pointer = &last)
        {
            Assert.Equal(Length - 1, pointer - array.Pointer);
        }

        array.Prefetch(Length - 1, 1);
        Assert.Equal(0, array.ResidentBytes);
        Eventually(() => Wire.Requests(Operation.Hint).Length == 1, "the hint");
        var hint = Wire.Last<PageSpanRequest>(Operation.Hint);
        Assert.Equal((ulong)(Length - 1) * sizeof(int) / 4096, hint.FirstPage);
        Assert.Equal(1UL, hint.PageCount);
    }

    [Fact]
    public void IsMemory()
    {
        using var array = Host.Allocate<int>(5000);
        for (var i = 0; i < 5000; i++)
        {
            array[i] = i * 3;
        }

        Assert.Equal(4999 * 3, array[4999]);
        Assert.Equal(1000 * 3, array.Span(1000, 10)[0]);
        Assert.Equal(1009 * 3, array.Memory(1000, 10).Span[9]);
        Assert.Equal(7 * 3, array.Pointer[7]);
        Assert.Equal(20480, array.ResidentBytes);
    }

    [Fact]
    public void ReadsWritesFillsAndCopies()
    {
        const int Count = 700_000;
        var source = new int[Count];
        var random = new Random(1);
        for (var i = 0; i < Count; i++)
        {
            source[i] = random.Next();
        }

        using var array = Host.Allocate<int>(Count + 10);
        using var other = Host.Allocate<int>(Count + 10);
        array.Write(10, source);
        var copy = new int[Count];
        array.Read(10, copy);
        Assert.Equal(source, copy);

        array.CopyTo(10, other, 5, Count);
        other.Read(5, copy);
        Assert.Equal(source, copy);

        other.Fill(0, Count, 9);
        Assert.Equal(9, other[Count - 1]);
        Assert.Equal(source[Count - 5], other[Count]);
        array.Populate(0, Count);
        array.Populate(Count, 0);
        Assert.True(array.PopulateAsync(0, Count, write: true).Wait(10_000));
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(3, 0)]
    [InlineData(0, 300_001)]
    [InlineData(300_001, 0)]
    [InlineData(5, 5)]
    public void CopiesWithinItselfLikeMemmove(long from, long to)
    {
        const int Count = 600_000;
        using var array = Host.Allocate<int>(Count + 300_001);
        var model = new int[array.Length];
        for (var i = 0; i < model.Length; i++)
        {
            model[i] = i;
        }

        array.Write(0, model);
        array.CopyTo(from, array, to, Count);
        Array.Copy(model, from, model, to, Count);
        var result = new int[model.Length];
        array.Read(0, result);
        Assert.Equal(model, result);
    }

    [Fact]
    public void ChecksEveryIndexAndSpan()
    {
        using var array = Host.Allocate<byte>(100);
        (long Start, long Count)[] outside =
            [(-1, 1), (101, 0), (100, 1), (0, 101), (50, 51), (0, -1), (long.MaxValue, 1)];
        foreach (var (start, count) in outside)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => array.Span(start, (int)count));
            Assert.Throws<ArgumentOutOfRangeException>(() => array.Memory(start, (int)count));
            Assert.Throws<ArgumentOutOfRangeException>(() => array.Prefetch(start, count));
            Assert.Throws<ArgumentOutOfRangeException>(() => array.WillWrite(start, count));
            Assert.Throws<ArgumentOutOfRangeException>(() => array.Populate(start, count));
            Assert.Throws<ArgumentOutOfRangeException>(() => array.DontNeed(start, count));
            Assert.Throws<ArgumentOutOfRangeException>(() => array.Flush(start, count));
            Assert.Throws<ArgumentOutOfRangeException>(() => array.Pin(start, count));
            Assert.Throws<ArgumentOutOfRangeException>(() => array.Fill(start, count, 1));
            Assert.Throws<ArgumentOutOfRangeException>(() => array.Advise(Advice.Normal, start, count));
            Assert.Throws<ArgumentOutOfRangeException>(() => array.CopyTo(start, array, 0, count));
            Assert.Throws<ArgumentOutOfRangeException>(() => array.CopyTo(0, array, start, count));
        }

        foreach (var index in (long[])[-1, 100, long.MinValue, long.MaxValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => array[index]);
            Assert.Throws<ArgumentOutOfRangeException>(() => array.Describe(index));
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => array.Pin(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => array.Advise((Advice)9));
        Assert.Throws<ArgumentOutOfRangeException>(() => array.Residency(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => array.Residency(4097));
        Assert.Equal(0, array.Span(100, 0).Length);
    }

    [Fact]
    public void NamesTheWholePagesOfElements()
    {
        using var array = Host.Allocate<short>(16 * 2048);
        array.Advise(Advice.Sequential, 2047, 2);
        AssertSpan(Operation.Advise, 0, 2, 2);
        array.Advise(Advice.Random);
        AssertSpan(Operation.Advise, 0, 16, 1);
        array.Flush(2048, 1);
        AssertSpan(Operation.Flush, 1, 1, 0);
        array.FlushAsync().Wait();
        AssertSpan(Operation.Flush, 0, 16, 0);
        array.WillWrite(4096, 4096);
        Eventually(() => Wire.Requests(Operation.Hint).Length == 1, "the hint");
        AssertSpan(Operation.Hint, 2, 2, 1);
    }

    [Fact]
    public void ForgetsOnlyPagesThatHaveNoOtherElements()
    {
        using var array = Host.Allocate<byte>((16 * 4096) - 100);
        array.DontNeed(1, 4095);
        Assert.Empty(Wire.Requests(Operation.DontNeed));
        array.DontNeed(1, 8191);
        AssertSpan(Operation.DontNeed, 1, 1, 0);
        array.DontNeed(4096, 8191);
        AssertSpan(Operation.DontNeed, 1, 1, 0);

        // The rest of the last page belongs to nobody.
        array.DontNeed(15 * 4096, array.Length - (15 * 4096));
        AssertSpan(Operation.DontNeed, 15, 1, 0);
        array.DontNeedAsync(0, array.Length).Wait();
        AssertSpan(Operation.DontNeed, 0, 16, 0);
    }

    [Fact]
    public void AsksTheHostAboutItself()
    {
        Wire.Answer(Operation.Describe, request => TestHost.Done(request, new DescribeReply
        {
            Page = new PageDescription { Page = 3, State = PageStateCode.Dirty, Device = FixedName.Create("block0") },
        }));
        using var array = Host.Allocate<long>(4096);

        Assert.Equal(5UL, array.Statistics.Faults);
        Assert.Equal("block0", array.Describe(2000).Device.ToString());
        Assert.Equal(3UL, Wire.Last<DescribeRequest>(Operation.Describe).PageOrAddress);
        Assert.Equal(17, array.Residency(17).Length);
        Assert.Equal(1, array.Residency(1)[0].Dirty);
    }

    [Fact]
    public void SaysWhichPageIsLostWhenItCannotCome()
    {
        using var array = Host.Allocate<byte>(64 << 12);

        // A page that is gone from under the mapping stands for one that cannot be brought.
        Wire.Answer(Operation.Describe, request => TestHost.Done(request, new DescribeReply
        {
            Page = new PageDescription { Page = 7, State = PageStateCode.Poisoned, Error = Errno.EIO },
        }));
        PoisonPage(array, 7);
        var lost = Assert.Throws<HmmException>(() => array.Read(0, new byte[64 << 12]));

        Assert.Equal(Errno.EHWPOISON, lost.Errno);
        Assert.Contains("Page 7", lost.Message, StringComparison.Ordinal);
        Assert.Contains("EIO", lost.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TouchesPagesWithoutChangingThemInDegradedMode()
    {
        var pages = new byte[3 * 4096];
        new Random(5).NextBytes(pages);
        var before = (byte[])pages.Clone();
        fixed (byte* address = pages)
        {
            HmmRange.Touch((nint)address, (ulong)pages.Length, write: false);
            HmmRange.Touch((nint)address, (ulong)pages.Length, write: true);
        }

        Assert.Equal(before, pages);
    }

    /// <summary>
    /// Takes a page away and poisons its place, as a host does with one that its device lost.
    /// </summary>
    private void PoisonPage(HmmArray<byte> array, int page)
    {
        var address = (nint)array.Pointer + (page << 12);
        Assert.Equal(Errno.None, Wire.Punch(page << 12, 4096));
        Assert.Equal(Errno.None, Host.Faults.Poison(address, 4096));
    }

    private void AssertSpan(Operation operation, ulong first, ulong count, uint argument)
    {
        var request = Wire.Last<PageSpanRequest>(operation);
        Assert.Equal((first, count, argument), (request.FirstPage, request.PageCount, request.Argument));
    }
}
