// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.System.Tests.Support;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.System.Tests;

/// <summary>
/// Messages that no library sends, to a real daemon: a malformed one ends its own session with a sentence, a wrong one
/// is refused, and the neighbour notices nothing.
/// </summary>
public sealed class BadMessageTests : IDisposable
{
    private readonly Daemon _daemon = new("2MiB", "memory,size=64MiB");
    private readonly HmmHost _neighbour;
    private readonly HmmArray<ulong> _array;

    /// <summary>A daemon with a neighbour that has data, most of it away.</summary>
    public BadMessageTests()
    {
        _neighbour = _daemon.Connect();
        _array = _neighbour.Allocate<ulong>(1 << 20);
        Hosts.Write(_array, 0, _array.Length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Hosts.Check(_array, 0, _array.Length);
        _array.Dispose();
        _neighbour.Dispose();
        _daemon.Dispose();
    }

    [Fact]
    public void EndsTheSessionOfWhoSendsSomethingMalformed()
    {
        Malformed(raw => raw.Send(new byte[3]), "header");
        Malformed(raw => raw.Send(new byte[513]), "512 bytes");
        Malformed(raw => raw.Send(Wire.BytesOf(raw.Header(Operation.Flush, 16)), 0, 1, 2), "bytes");
        Malformed(raw =>
        {
            var lying = raw.Header(Operation.Statistics, StatisticsRequest.StructBytes);
            raw.Send(Wire.BytesOf(in lying));
        }, "The header says");
        Malformed(raw => raw.Send(Operation.Statistics, new PageSpanRequest()), "bytes");
        Malformed(raw =>
            raw.Send(Operation.Statistics, new StatisticsRequest { Scope = (StatisticsScope)77 }), "unknown");
        Malformed(raw => raw.Send(Operation.CreateRange, new CreateRangeRequest()), "descriptors");
    }

    [Fact]
    public void EndsTheSessionOfAnUnknownVersion()
    {
        using var raw = new RawSession(_daemon.SocketPath);
        raw.Hello();
        var header = raw.Header(Operation.Statistics, StatisticsRequest.StructBytes);
        header.Version = 99;
        raw.Send(Wire.BytesOf(new StatisticsRequest { Header = header }));
        raw.Expect(Errno.EPROTONOSUPPORT, "version 99");
        raw.ExpectEnd();

        using var future = new RawSession(_daemon.SocketPath);
        var hello = future.Header(Operation.Hello, HelloRequest.StructBytes);
        hello.Version = 99;
        future.Send(Wire.BytesOf(new HelloRequest { Header = hello, VersionMin = 98, VersionMax = 99 }));
        future.Expect(Errno.EPROTONOSUPPORT, "98 to 99", "update");
    }

    [Fact]
    public void RefusesTheFirstMessageUnlessItIsHello()
    {
        using var raw = new RawSession(_daemon.SocketPath);
        raw.Send(Operation.Statistics, new StatisticsRequest { Scope = StatisticsScope.Host });
        raw.Expect(Errno.EPROTO, "Hello");
        raw.ExpectEnd();
    }

    [Fact]
    public void RefusesAnUnknownOperationAndGoesOn()
    {
        using var raw = new RawSession(_daemon.SocketPath);
        raw.Hello();
        raw.Send(Wire.BytesOf(raw.Header((Operation)4711, MessageHeader.StructBytes)));
        raw.Expect(Errno.ENOSYS, "4711");
        raw.Send(Operation.Statistics, new StatisticsRequest { Scope = StatisticsScope.Session });
        Assert.Equal(Errno.None, raw.Receive(out _));
    }

    [Fact]
    public void RefusesRangesOfOthersAndPagesOutsideOfItsOwn()
    {
        using var raw = new RawSession(_daemon.SocketPath);
        using var range = new RawRange(raw, bytes: 1 << 20);
        foreach (var (id, first, count) in ((ulong, ulong, ulong)[])
            [
                (range.Id, 0, 0),
                (range.Id, 256, 1),
                (range.Id, 255, 2),
                (range.Id, ulong.MaxValue, 2),
                (range.Id, 1, ulong.MaxValue),
                (range.Id, ulong.MaxValue, ulong.MaxValue),
            ])
        {
            foreach (var operation in (
                Operation[])[Operation.DontNeed, Operation.Pin, Operation.Unpin, Operation.Flush, Operation.Advise])
            {
                raw.Send(operation, new PageSpanRequest { RangeId = id, FirstPage = first, PageCount = count });
                raw.Expect(Errno.EINVAL, "pages");
            }
        }

        // The neighbour's range exists under a number of its own session only.
        foreach (var id in (ulong[])[0, range.Id + 1, ulong.MaxValue])
        {
            raw.Send(Operation.DontNeed, new PageSpanRequest { RangeId = id, FirstPage = 0, PageCount = 1 });
            raw.Expect(Errno.ENOENT, "range");
        }

        raw.Send(Operation.Describe, new DescribeRequest { PageOrAddress = _array.Describe(0).Address });
        raw.Expect(Errno.ENOENT, "address");
    }

    [Fact]
    public void RefusesRangesOfImpossibleShape()
    {
        using var raw = new RawSession(_daemon.SocketPath);
        using var good = new RawRange(raw, bytes: 1 << 20);
        foreach (var (address, length, shift, errno) in ((ulong, ulong, uint, Errno)[])
            [
                (good.Address, 0, 12, Errno.EINVAL),
                (good.Address + 1, 4096, 12, Errno.EINVAL),
                (good.Address, 4097, 12, Errno.EINVAL),
                (good.Address, 4096, 11, Errno.EINVAL),
                (good.Address, 4096, 22, Errno.EINVAL),
                (good.Address, 4096, 12, Errno.EEXIST),
                (0, 4096, 12, Errno.EINVAL),
                ((1UL << 56) - 4096, 8192, 12, Errno.EINVAL),
                (good.Address, 1UL << 60, 12, Errno.EFBIG),
                (1UL << 40, 2UL << 20, 12, Errno.EINVAL), // the memfd has 1 MiB
            ])
        {
            raw.Send(
                Operation.CreateRange,
                new CreateRangeRequest { BaseAddress =
                    address, LengthBytes = length, PageShift = shift, Name = FixedName.Create("bad") },
                good.Descriptor);
            Assert.Equal(errno, raw.Receive(out var sentence));
            Refused.IsSentence(sentence);
        }
    }

    [Fact]
    public void ServesOthersWhenAClientLeavesInTheMiddleOfAnything()
    {
        for (var round = 0; round < 20; round++)
        {
            using var raw = new RawSession(_daemon.SocketPath);
            raw.Hello();
            if (round % 2 == 0)
            {
                raw.Send(Operation.Residency, new PageSpanRequest { RangeId = 1, PageCount = 1, Argument = 16 });
            }
            else
            {
                raw.Send(new byte[round]); // Part of a header.
            }
        }

        Hosts.Eventually(() => _neighbour.Ranges().Count == 1, "the sessions of clients that left are closed");
    }

    private void Malformed(Action<RawSession> send, string words)
    {
        using var raw = new RawSession(_daemon.SocketPath);
        raw.Hello();
        send(raw);
        raw.Expect(Errno.EBADMSG, words);
        raw.ExpectEnd();
    }
}
