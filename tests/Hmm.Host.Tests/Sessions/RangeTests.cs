// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Host.Sessions;
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Tests.Sessions;

public sealed class RangeTests : SessionFixture
{
    private const ulong Base = 0x1000_0000;

    [Fact]
    public void CountsRangesFromOneAndNeverAgain()
    {
        Open();

        Assert.Equal(1UL, Client.CreateRange());
        Assert.Equal(Errno.None, Client.Call(Operation.CloseRange, new CloseRangeRequest { RangeId = 1 }).Errno);
        Assert.Equal(2UL, Client.CreateRange());
        Assert.Contains("CreateRange 1 Anonymous 16", Operations.Calls);
    }

    [Fact]
    public void NeedsAUserfaultfdFirst()
    {
        Client.Hello();

        Assert.Equal(Errno.EINVAL, Client.CreateRange(WireClient.Anonymous()).Errno);
    }

    [Fact]
    public void TakesOneUserfaultfd()
    {
        Open();
        using var other = EventFd.Create();
        var reply = Client.Call(Operation.AdoptUserfaultfd, default(AdoptUserfaultfdRequest), WireClient.Number(other));

        Assert.Equal(Errno.EEXIST, reply.Errno);
    }

    [Fact]
    public void TakesAnotherUserfaultfdAfterARefusal()
    {
        Client.Hello();
        Operations.Failure = new HmmException(Errno.EINVAL, "It is no userfaultfd; open one.");
        using var wrong = EventFd.Create();
        var request = new AdoptUserfaultfdRequest { Flags = AdoptFlags.UserModeOnly };

        Assert.Equal(Errno.EINVAL, Client.Call(Operation.AdoptUserfaultfd, request, WireClient.Number(wrong)).Errno);
        Assert.Equal(Errno.None, Client.Call(Operation.AdoptUserfaultfd, request, WireClient.Number(wrong)).Errno);
        Assert.Contains("AdoptUserfaultfd UserModeOnly", Operations.Calls);
    }

    [Theory]
    [InlineData(11, Base, 16UL << 12, Errno.EINVAL)]
    [InlineData(22, Base, 16UL << 22, Errno.EINVAL)]
    [InlineData(uint.MaxValue, Base, 16UL << 12, Errno.EINVAL)]
    [InlineData(12, Base, 0UL, Errno.EINVAL)]
    [InlineData(12, Base, 4095UL, Errno.EINVAL)]
    [InlineData(21, Base, 4096UL, Errno.EINVAL)]
    [InlineData(12, Base, Limits.RangeBytesMax + 4096, Errno.EFBIG)]
    [InlineData(12, Base, ulong.MaxValue - 4095, Errno.EFBIG)]
    [InlineData(12, 0UL, 4096UL, Errno.EINVAL)]
    [InlineData(12, Base + 1, 4096UL, Errno.EINVAL)]
    [InlineData(21, Base + 4096, 2UL << 20, Errno.EINVAL)]
    [InlineData(12, Limits.AddressEnd, 4096UL, Errno.EINVAL)]
    [InlineData(12, Limits.AddressEnd - 4096, 8192UL, Errno.EINVAL)]
    [InlineData(12, ulong.MaxValue - 4095, 4096UL, Errno.EINVAL)]
    public void RefusesAShapeThatCannotBe(uint pageShift, ulong address, ulong length, Errno expected)
    {
        Open();
        var request = Shape(pageShift, address, length);
        var reply = Client.CreateRange(request);

        Assert.Equal(expected, reply.Errno);
        Assert.NotEmpty(reply.Text);
        Assert.Equal(1UL, Client.CreateRange());
    }

    [Theory]
    [InlineData(12, Limits.AddressEnd - 4096, 4096UL)]
    [InlineData(21, 2UL << 20, Limits.RangeBytesMax)]
    public void TakesTheExtremes(uint pageShift, ulong address, ulong length)
    {
        Open();
        var request = Shape(pageShift, address, length);

        Assert.Equal(Errno.None, Client.CreateRange(request).Errno);
    }

    [Theory]
    [InlineData(RangeKind.Anonymous, 1UL, Errno.EINVAL)]
    [InlineData(RangeKind.FilePrivate, 0UL, Errno.EINVAL)]
    [InlineData(RangeKind.FilePrivate, 15UL << 12, Errno.EINVAL)]
    [InlineData(RangeKind.FilePrivate, (15UL << 12) + 1, Errno.None)]
    [InlineData(RangeKind.FileShared, 16UL << 12, Errno.None)]
    [InlineData(RangeKind.FileShared, (16UL << 12) + 1, Errno.EINVAL)]
    public void ChecksTheFilesLength(RangeKind kind, ulong fileBytes, Errno expected)
    {
        Open();
        var request = WireClient.Anonymous() with { Kind = kind, FileBytes = fileBytes };

        Assert.Equal(expected, Client.CreateRange(request).Errno);
    }

    [Fact]
    public void NeedsTheFeatureForFileRanges()
    {
        Client.Hello(Features.None);
        Client.Adopt();
        var request = WireClient.Anonymous() with { Kind = RangeKind.FilePrivate, FileBytes = 16 << 12 };

        Assert.Equal(Errno.EPERM, Client.CreateRange(request).Errno);
    }

    [Theory]
    [InlineData(Base, 16, Errno.EEXIST)]
    [InlineData(Base - 4096, 2, Errno.EEXIST)]
    [InlineData(Base + (15 << 12), 2, Errno.EEXIST)]
    [InlineData(Base + (4 << 12), 1, Errno.EEXIST)]
    [InlineData(Base - (32 << 12), 64, Errno.EEXIST)]
    [InlineData(Base - 4096, 1, Errno.None)]
    [InlineData(Base + (16 << 12), 1, Errno.None)]
    public void RefusesAddressesThatARangeHas(ulong address, ulong pages, Errno expected)
    {
        Open();
        Client.CreateRange(Base);

        Assert.Equal(expected, Client.CreateRange(WireClient.Anonymous(address, pages)).Errno);
    }

    [Fact]
    public void KeepsNothingOfARangeThatFailed()
    {
        Open();
        Operations.Failure = new HmmException(Errno.ENOMEM, "There is no memory for it.");

        Assert.Equal(Errno.ENOMEM, Client.CreateRange(WireClient.Anonymous()).Errno);
        Assert.Equal(Errno.ENOENT, Client.Call(Operation.CloseRange, new CloseRangeRequest { RangeId = 1 }).Errno);
        Assert.Equal(2UL, Client.CreateRange());
    }

    [Fact]
    public void FindsNoRangeOfAnotherSession()
    {
        Open();
        var mine = Client.CreateRange();
        using var operations = new RecordingOperations();
        var (left, right) = UnixSocket.CreatePair();
        using var other = new WireClient(left);
        using var session = Session.Start(right, operations);
        other.Hello();

        Assert.Equal(Errno.ENOENT, other.Call(Operation.CloseRange, new CloseRangeRequest { RangeId = mine }).Errno);
        Assert.Equal(Errno.ENOENT, other.Call(Operation.Describe, new DescribeRequest { PageOrAddress = Base }).Errno);
        Assert.Equal(Errno.None, Client.Call(Operation.CloseRange, new CloseRangeRequest { RangeId = mine }).Errno);
    }

    [Fact]
    public void RefusesOneRangeMoreThanTheLimit()
    {
        var ranges = new SessionRanges();
        for (var i = 1UL; i <= Limits.RangesPerSessionMax; i++)
        {
            ranges.Add(i << 12, 4096, 12);
        }

        var refused = Assert.Throws<HmmException>(() => ranges.Add(1UL << 40, 4096, 12));
        Assert.Equal(Errno.EMFILE, refused.Errno);
    }

    [Fact]
    public void FindsRangesLikeADumbModel()
    {
        const int Seed = 20240611;
        var random = new Random(Seed);
        var ranges = new SessionRanges();
        var model = new List<SessionRange>();
        for (var step = 0; step < 20_000; step++)
        {
            var start = (ulong)random.Next(1, 500);
            var pages = (ulong)random.Next(1, 8);
            if (random.Next(2) == 0)
            {
                var end = start + pages;
                var isFree = model.TrueForAll(r => r.EndAddress <= start << 12 || r.BaseAddress >= end << 12);
                if (isFree)
                {
                    model.Add(ranges.Add(start << 12, pages << 12, 12));
                }
                else
                {
                    Assert.Throws<HmmException>(() => ranges.Add(start << 12, pages << 12, 12));
                }
            }
            else if (model.Count > 0)
            {
                var index = random.Next(model.Count);
                ranges.Remove(model[index]);
                model.RemoveAt(index);
            }

            var address = (start << 12) + 5;
            var expected = model.Find(r => r.BaseAddress <= address && address < r.EndAddress);
            var isFound = ranges.TryFindAddress(address, out var found);
            Assert.True(isFound == expected is not null, $"seed {Seed}, step {step}");
            Assert.True(!isFound || found == expected, $"seed {Seed}, step {step}");
        }
    }

    private static CreateRangeRequest Shape(uint pageShift, ulong address, ulong length) =>
        WireClient.Anonymous() with { PageShift = pageShift, BaseAddress = address, LengthBytes = length };
}
