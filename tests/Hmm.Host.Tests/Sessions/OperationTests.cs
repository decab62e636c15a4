// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Tests.Sessions;

public sealed class OperationTests : SessionFixture
{
    [Theory]
    [InlineData(Operation.Advise, 2u, "Advise 1 Sequential 3 5")]
    [InlineData(Operation.DontNeed, 0u, "DontNeed 1 3 5")]
    [InlineData(Operation.Pin, 0u, "Pin 1 3 5")]
    [InlineData(Operation.Unpin, 0u, "Unpin 1 3 5")]
    [InlineData(Operation.Flush, 0u, "Flush 1 3 5")]
    public void PassesPageSpansOn(Operation operation, uint argument, string call)
    {
        Open();
        var request = new PageSpanRequest
        {
            RangeId = Client.CreateRange(),
            FirstPage = 3,
            PageCount = 5,
            Argument = argument,
        };
        var reply = Client.Call(operation, request);

        Assert.Equal(Errno.None, reply.Errno);
        Assert.Equal(ReplyHeader.StructBytes, reply.Bytes.Length);
        Assert.Contains(call, Operations.Calls);
    }

    public static TheoryData<Operation, ulong, ulong> SpansOutside()
    {
        var data = new TheoryData<Operation, ulong, ulong>();
        Operation[] operations =
        [
            Operation.Advise, Operation.DontNeed, Operation.Pin, Operation.Unpin, Operation.Flush, Operation.Residency,
        ];
        (ulong First, ulong Count)[] spans =
        [
            (0, 0), (0, 17), (16, 1), (15, 2), (17, 1), (ulong.MaxValue, 1), (1, ulong.MaxValue),
            (ulong.MaxValue, ulong.MaxValue), (1UL << 63, 1UL << 63), (0, 1UL << 63),
        ];
        foreach (var operation in operations)
        {
            foreach (var (first, count) in spans)
            {
                data.Add(operation, first, count);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(SpansOutside))]
    public void RefusesPagesOutsideTheRangeAndGoesOn(Operation operation, ulong first, ulong count)
    {
        Open();
        var request = new PageSpanRequest { RangeId = Client.CreateRange(), FirstPage = first, PageCount = count };
        request.Argument = operation == Operation.Residency ? 4u : 0u;
        var reply = Client.Call(operation, request);

        Assert.Equal(Errno.EINVAL, reply.Errno);
        Assert.Contains("16", reply.Text, StringComparison.Ordinal);
        Assert.Equal(Errno.None, Client.Call(operation, request with { FirstPage = 15, PageCount = 1 }).Errno);
    }

    [Fact]
    public void TakesHintsWithoutAnAnswer()
    {
        Open();
        var id = Client.CreateRange();
        Client.Send(Operation.Hint, new PageSpanRequest { RangeId = id, PageCount = 16 });
        Client.Send(Operation.Hint, new PageSpanRequest { RangeId = id, FirstPage = 2, PageCount = 1, Argument = 1 });
        Client.Send(Operation.Hint, new PageSpanRequest { RangeId = id, FirstPage = 2, PageCount = 15 });
        Client.Send(Operation.Hint, new PageSpanRequest { RangeId = id + 1, PageCount = 1 });

        // Call asserts that the next reply is its own, so none of the hints had one.
        Client.Call(Operation.Statistics, new StatisticsRequest { RangeId = id });
        string[] hints = [.. Operations.Calls.Where(call => call.StartsWith("Hint", StringComparison.Ordinal))];
        Assert.Equal(["Hint 1 Prefetch 0 16", "Hint 1 WillWrite 2 1", "HintDropped", "HintDropped"], hints);
    }

    [Theory]
    [InlineData(StatisticsScope.Range, 1UL)]
    [InlineData(StatisticsScope.Session, 0UL)]
    [InlineData(StatisticsScope.Host, 0UL)]
    public void ReadsCounters(StatisticsScope scope, ulong rangeId)
    {
        Open();
        Client.CreateRange();
        var reply = Client.Call(Operation.Statistics, new StatisticsRequest { RangeId = rangeId, Scope = scope });

        Assert.Equal(42UL, reply.As<StatisticsReply>().Statistics.Faults);
    }

    [Theory]
    [InlineData(1UL, 15UL, 15UL)]
    [InlineData(0UL, 0x1000_0000UL, 0UL)]
    [InlineData(0UL, 0x1000_1fffUL, 1UL)]
    [InlineData(0UL, 0x1000_ffffUL, 15UL)]
    public void DescribesAPageByNumberAndByAddress(ulong rangeId, ulong pageOrAddress, ulong page)
    {
        Open();
        Client.CreateRange();
        var request = new DescribeRequest { RangeId = rangeId, PageOrAddress = pageOrAddress };
        var described = Client.Call(Operation.Describe, request).As<DescribeReply>().Page;

        Assert.Equal(1UL, described.RangeId);
        Assert.Equal(page, described.Page);
        Assert.Equal("block0", described.Device.ToString());
    }

    [Theory]
    [InlineData(1UL, 16UL, Errno.EINVAL)]
    [InlineData(1UL, ulong.MaxValue, Errno.EINVAL)]
    [InlineData(2UL, 0UL, Errno.ENOENT)]
    [InlineData(0UL, 0x1001_0000UL, Errno.ENOENT)]
    [InlineData(0UL, 0x0fff_ffffUL, Errno.ENOENT)]
    [InlineData(0UL, ulong.MaxValue, Errno.ENOENT)]
    public void DescribesNoPageThatIsNotThere(ulong rangeId, ulong pageOrAddress, Errno expected)
    {
        Open();
        Client.CreateRange();
        var request = new DescribeRequest { RangeId = rangeId, PageOrAddress = pageOrAddress };

        Assert.Equal(expected, Client.Call(Operation.Describe, request).Errno);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Limits.ResidencyCellsMax)]
    public void ReturnsAsManyCellsAsAsked(int cells)
    {
        Open();
        var request = new PageSpanRequest { RangeId = Client.CreateRange(), PageCount = 16, Argument = (uint)cells };
        var reply = Client.Call(Operation.Residency, request);

        Assert.Equal(Errno.None, reply.Errno);
        var map = MemoryMarshal.Cast<byte, ResidencyCell>(reply.Bytes.AsSpan(ResidencyReply.StructBytes));
        Assert.Equal(cells, map.Length);
        Assert.Equal((byte)(cells - 1), map[cells - 1].Resident);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(Limits.ResidencyCellsMax + 1u)]
    [InlineData(uint.MaxValue)]
    public void RefusesMapsOfNoOrTooManyCells(uint cells)
    {
        Open();
        var request = new PageSpanRequest { RangeId = Client.CreateRange(), PageCount = 16, Argument = cells };

        Assert.Equal(Errno.EINVAL, Client.Call(Operation.Residency, request).Errno);
    }

    [Fact]
    public void ReturnsAResultForEachPageThatMoves()
    {
        Open();
        var request = WireClient.Migration() with { RangeId = Client.CreateRange(), FirstPage = 3, PageCount = 5 };
        var reply = Client.Call(Operation.Migrate, request);

        Assert.Equal(Errno.None, reply.Errno);
        Assert.True(Wire.TryReadPrefix<MigrateReply>(reply.Bytes, out var moved));
        Assert.Equal(5u, moved.PageCount);
        Assert.Equal([0, 0, 0, 0, (byte)Errno.EBUSY], reply.Bytes[MigrateReply.StructBytes..]);
        Assert.Contains("Migrate 0 1 3 5 block0", Operations.Calls);
    }

    [Theory]
    [InlineData(0UL, 0u)]
    [InlineData(0UL, 17u)]
    [InlineData(15UL, 2u)]
    [InlineData(ulong.MaxValue, 1u)]
    [InlineData(0UL, Limits.MigratePagesMax + 1u)]
    public void RefusesToMovePagesThatAreNotThere(ulong first, uint count)
    {
        Open();
        var request = WireClient.Migration() with
        {
            RangeId = Client.CreateRange(), FirstPage = first, PageCount = count,
        };

        Assert.Equal(Errno.EINVAL, Client.Call(Operation.Migrate, request).Errno);
        Assert.Equal(Errno.ENOENT, Client.Call(Operation.Migrate, WireClient.Migration() with { RangeId = 9 }).Errno);
        var nameless = Client.Call(Operation.Migrate, WireClient.Migration() with { Device = default });
        Assert.Equal(Errno.EINVAL, nameless.Errno);
    }

    [Fact]
    public void MovesPagesOfAnotherSessionForAdministratorsOnly()
    {
        Client.Hello(Features.Administration);
        var request = WireClient.Migration() with { SessionId = 5, RangeId = 77, FirstPage = 1UL << 40 };

        Assert.Equal(Errno.None, Client.Call(Operation.Migrate, request).Errno);
        Assert.Contains($"Migrate 5 77 {1UL << 40} 1 block0", Operations.Calls);
    }

    [Fact]
    public void MovesNoPagesOfAnotherSessionForOthers()
    {
        Client.Hello(Features.FileRanges);

        Assert.Equal(Errno.EPERM, Client.Call(Operation.Migrate, WireClient.Migration() with { SessionId = 5 }).Errno);
    }

    [Fact]
    public void ListsRecordsPageByPage()
    {
        Open();
        Operations.RangeRecords = 500;
        var next = 0UL;
        var cursor = 0UL;
        do
        {
            var reply = Client.Call(Operation.Query, new QueryRequest { Kind = QueryKind.Ranges, Cursor = cursor });
            Assert.True(Wire.TryReadPrefix<QueryReply>(reply.Bytes, out var page));
            Assert.Equal(RangeRecord.StructBytes, (int)page.RecordBytes);
            var records = MemoryMarshal.Cast<byte, RangeRecord>(reply.Bytes.AsSpan(QueryReply.StructBytes));
            Assert.Equal((int)page.RecordCount, records.Length);
            foreach (var record in records)
            {
                Assert.Equal(next++, record.RangeId);
            }

            cursor = page.NextCursor;
        }
        while (cursor != 0);

        Assert.Equal(500UL, next);
        Assert.Contains("QueryRanges True", Operations.Calls);
    }

    [Theory]
    [InlineData(QueryKind.Resources)]
    [InlineData(QueryKind.Devices)]
    [InlineData(QueryKind.PageMaps)]
    [InlineData(QueryKind.Peers)]
    public void ListsTheHostsThingsForAdministrators(QueryKind kind)
    {
        Open();

        Assert.Equal(Errno.None, Client.Call(Operation.Query, new QueryRequest { Kind = kind }).Errno);
        Assert.Contains("Query" + kind, Operations.Calls);
    }

    [Fact]
    public void KeepsTheHostsThingsFromOthers()
    {
        Client.Hello(Features.FileRanges);
        var device = new RemoveDeviceRequest { Name = FixedName.Create("block0") };
        var scope = new StatisticsRequest { Scope = StatisticsScope.Host };

        Assert.Equal(Errno.EPERM, Client.Call(Operation.Query, new QueryRequest { Kind = QueryKind.Devices }).Errno);
        Assert.Equal(Errno.EPERM, Client.Call(Operation.Statistics, scope).Errno);
        Assert.Equal(Errno.EPERM, Client.Call(Operation.RemoveDevice, device).Errno);
        Assert.Equal(Errno.EPERM, Client.Call(Operation.AddDevice, default(AddDeviceRequest)).Errno);
        Assert.Equal(Errno.None, Client.Call(Operation.Query, new QueryRequest { Kind = QueryKind.Ranges }).Errno);
        Assert.Contains("QueryRanges False", Operations.Calls);
    }

    [Fact]
    public void AddsADevice()
    {
        Open();
        var longest = "block,folder=/" + new string('d', 433);
        var request = new AddDeviceRequest { Specification = FixedText.Create(longest) };

        Assert.Equal(Errno.None, Client.Call(Operation.AddDevice, request).Errno);
        Assert.Contains("AddDevice " + longest, Operations.Calls);
        Assert.Throws<ArgumentException>(() => FixedText.Create(longest + "d"));
    }

    [Fact]
    public void RemovesADevice()
    {
        Open();
        var request = new RemoveDeviceRequest { Name = FixedName.Create("block0") };

        Assert.Equal(Errno.None, Client.Call(Operation.RemoveDevice, request).Errno);
        Assert.Contains("RemoveDevice block0", Operations.Calls);
    }

    [Theory]
    [InlineData(Operation.Flush)]
    [InlineData(Operation.Advise)]
    public void PassesTheSentenceOfAFailureOn(Operation operation)
    {
        Open();
        var request = new PageSpanRequest { RangeId = Client.CreateRange(), PageCount = 1 };
        Operations.Failure = new HmmException(Errno.EIO, "The device failed; replace it.");
        var reply = Client.Call(operation, request);

        Assert.Equal(Errno.EIO, reply.Errno);
        Assert.Equal("The device failed; replace it.", reply.Text);
        Assert.Equal(Errno.None, Client.Call(operation, request).Errno);
    }

    [Fact]
    public void CutsALongSentenceBetweenCharacters()
    {
        Open();
        var id = Client.CreateRange();
        Operations.Failure = new HmmException(Errno.EIO, "x" + string.Concat(Enumerable.Repeat("\u20ac", 400)));
        var reply = Client.Call(Operation.Flush, new PageSpanRequest { RangeId = id, PageCount = 1 });

        // One byte and 170 characters of three are 511 bytes; another would not fit in 512.
        Assert.Equal(511u, reply.Header.TextBytes);
        Assert.Equal("x" + string.Concat(Enumerable.Repeat("\u20ac", 170)), reply.Text);
    }
}
