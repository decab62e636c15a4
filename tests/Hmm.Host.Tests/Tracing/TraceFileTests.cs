// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using Hmm.Host.Tracing;
using Hmm.Uapi;

namespace Hmm.Host.Tests.Tracing;

public sealed class TraceFileTests
{
    private static readonly TraceHeader s_header = new(
        TraceMode.Full, 1_700_000_000_000_000_000, 64 << 20, 1 << 20, "1.2.3", "cyclic");

    private static readonly TraceRange s_range = new(
        7, 14, 1000, 0x7000_0000, RangeKind.FilePrivate, Advice.Sequential, 512, "vectors");

    [Fact]
    public void WhatWasWrittenIsRead()
    {
        var written = Write(blocks: 3, recordsPerBlock: 100, dropped: 2);
        using var reader = new TraceFileReader(new MemoryStream(written));
        Assert.Equal(s_header, reader.Header);
        Assert.True(reader.TryRead());
        Assert.Equal(s_range, reader.Range);
        for (var block = 0; block < 3; block++)
        {
            Assert.Null(reader.End);
            Assert.True(reader.TryRead());
            Assert.Null(reader.Range);
            Assert.Equal(Records(block, 100), reader.Records.ToArray());
            Assert.Equal(((ulong)block + 1) * 2, reader.Dropped);
        }

        Assert.False(reader.TryRead());
        Assert.Equal(new TraceEnd(300, 6, 12345, 99), reader.End);
        Assert.False(reader.TryRead());
    }

    [Fact]
    public void ARecordLiesAsThePageSays()
    {
        // docs/reference/trace-format.md: page and range, time, kind and flags, count, thread.
        var record = new TraceRecord(
            TraceKind.Filled, TraceFlags.Prefetched, 0x0000_1122_3344_5566, (9UL << 40) | 5, 3, 77);
        var bytes = new byte[TraceRecord.SizeBytes];
        System.Runtime.InteropServices.MemoryMarshal.Write(bytes, in record);
        Assert.Equal(
            "0500000000090000" + "6655443322110302" + "03000000" + "4D000000",
            Convert.ToHexString(bytes));
        Assert.Equal((9U, 5L), (record.First.RangeId, record.First.Page));
        Assert.Equal((TraceKind.Filled, TraceFlags.Prefetched), (record.Kind, record.Flags));
        Assert.Equal(0x0000_1122_3344_5566UL, record.TimeNs);
        var late = new TraceRecord(TraceKind.Fault, 0, ulong.MaxValue, 0, 0, 0);
        Assert.Equal((TraceRecord.TimeNsMax, TraceKind.Fault), (late.TimeNs, late.Kind));
    }

    [Fact]
    public void ATraceThatWasCutShortIsReadUpToItsLastWholeBlock()
    {
        var whole = Write(blocks: 3, recordsPerBlock: 4, dropped: 0);
        var blocksBefore = 0;
        for (var length = TraceHeader.SizeBytes; length < whole.Length; length++)
        {
            using var reader = new TraceFileReader(new MemoryStream(whole, 0, length));
            var blocks = 0;
            while (reader.TryRead())
            {
                blocks++;
            }

            Assert.Null(reader.End);
            Assert.InRange(blocks, blocksBefore, blocksBefore + 1);
            blocksBefore = blocks;
        }

        Assert.Equal(4, blocksBefore);
    }

    [Fact]
    public void ZerosWhereTheLastBlocksShouldBeAreNoDamage()
    {
        var whole = Write(blocks: 3, recordsPerBlock: 4, dropped: 0);
        var block = TraceBlock.SizeBytes + (4 * TraceRecord.SizeBytes);
        var first = TraceHeader.SizeBytes + TraceBlock.SizeBytes + TraceRange.SizeBytes;
        whole.AsSpan(first + block + TraceBlock.SizeBytes + 24).Clear();
        using var reader = new TraceFileReader(new MemoryStream(whole));
        Assert.True(reader.TryRead());
        Assert.True(reader.TryRead());
        Assert.False(reader.TryRead());
        Assert.Null(reader.End);
    }

    [Fact]
    public void EveryDamagedByteIsFound()
    {
        var whole = Write(blocks: 2, recordsPerBlock: 3, dropped: 0);
        for (var at = 0; at < whole.Length; at++)
        {
            var damaged = (byte[])whole.Clone();
            damaged[at] ^= 0x10;
            var refused = Assert.Throws<InvalidDataException>(() => ReadAll(damaged));
            Assert.DoesNotContain('\n', refused.Message);
        }
    }

    [Theory]
    [InlineData("", "no trace")]
    [InlineData("a text of some other program, and long enough to have a header of ours", "no trace")]
    [InlineData("HMMTRACE", "ends within its header")]
    public void WhatIsNoTraceIsRefused(string text, string words)
    {
        var refused = Assert.Throws<InvalidDataException>(() => ReadAll(System.Text.Encoding.UTF8.GetBytes(text)));
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherVersionIsRefusedByItsNumber()
    {
        var whole = Write(blocks: 1, recordsPerBlock: 1, dropped: 0);
        BinaryPrimitives.WriteUInt32LittleEndian(whole.AsSpan(8), 7);
        var refused = Assert.Throws<InvalidDataException>(() => ReadAll(whole));
        Assert.Contains("version 7, and this hmm reads version 1", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AfterAWriteThatFailedTheRestIsDropped()
    {
        var stream = new FullStream(bytesMax: TraceHeader.SizeBytes + 400);
        using var writer = new TraceFileWriter(stream, s_header);
        writer.Write(Records(0, 4), dropped: 0);
        writer.Write(Records(1, 100), dropped: 1);
        writer.Write(Records(2, 4), dropped: 0);
        writer.WriteEnd(0, 5);
        Assert.NotNull(writer.Failure);
        Assert.Equal((4UL, 105UL), (writer.Records, writer.Dropped));
        using var reader = new TraceFileReader(new MemoryStream(stream.ToArray()));
        Assert.True(reader.TryRead());
        Assert.Equal(Records(0, 4), reader.Records.ToArray());
        Assert.False(reader.TryRead());
        Assert.Null(reader.End);
    }

    private static void ReadAll(byte[] bytes)
    {
        using var reader = new TraceFileReader(new MemoryStream(bytes));
        while (reader.TryRead())
        {
        }

        Assert.NotNull(reader.End);
    }

    private static TraceRecord[] Records(int block, int count) =>
    [
        .. Enumerable.Range(0, count).Select(i => new TraceRecord(
            TraceKind.Fault, TraceFlags.None, (ulong)((block * 1000) + i), (7UL << 40) | (uint)i, 1, 42)),
    ];

    private static byte[] Write(int blocks, int recordsPerBlock, ulong dropped)
    {
        var stream = new MemoryStream();
        using (var writer = new TraceFileWriter(stream, s_header))
        {
            writer.Write(s_range);
            for (var block = 0; block < blocks; block++)
            {
                writer.Write(Records(block, recordsPerBlock), dropped);
            }

            writer.WriteEnd(accesses: 12345, durationNs: 99);
            Assert.Equal(stream.Length, writer.FileBytes);
        }

        return stream.ToArray();
    }

    /// <summary>A disk that is full after so many bytes; the write that meets that is done in part.</summary>
    private sealed class FullStream(int bytesMax) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            var room = (int)Math.Min(buffer.Length, bytesMax - Length);
            base.Write(buffer[..room]);
            if (room < buffer.Length)
            {
                throw new IOException("No space left on device", 28);
            }
        }
    }
}
