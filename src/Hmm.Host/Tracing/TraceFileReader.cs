// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;
using Hmm.Pmem;

namespace Hmm.Host.Tracing;

/// <summary>Reads a trace block by block, up to its end or to where it was cut short.</summary>
/// <remarks>Threads: one. Owns the stream.</remarks>
internal sealed class TraceFileReader : IDisposable
{
    private readonly Stream _stream; // owner thread
    private readonly byte[] _payload = new byte[TraceBlock.PayloadBytesMax]; // owner thread
    private readonly byte[] _head = new byte[TraceBlock.SizeBytes]; // owner thread
    private uint _number; // owner thread
    private long _position; // owner thread

    /// <summary>Reads the header.</summary>
    /// <exception cref="InvalidDataException">It is no trace that can be read; one sentence.</exception>
    public TraceFileReader(Stream stream)
    {
        _stream = stream;
        var bytes = new byte[TraceHeader.SizeBytes];
        var length = _stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        Header = TraceHeader.Read(bytes.AsSpan(0, length));
        _position = length;
    }

    /// <summary>How it begins.</summary>
    public TraceHeader Header { get; }

    /// <summary>How it ends; null until the end was read, and for a trace that was cut short.</summary>
    public TraceEnd? End { get; private set; }

    /// <summary>How many records were dropped up to here.</summary>
    public ulong Dropped { get; private set; }

    /// <summary>The range of the block that was read last; null: it had records.</summary>
    public TraceRange? Range { get; private set; }

    /// <summary>The records of the block that was read last; valid until the next call.</summary>
    public ReadOnlySpan<TraceRecord> Records => MemoryMarshal.Cast<byte, TraceRecord>(_payload.AsSpan(0, RecordsBytes));

    private int RecordsBytes { get; set; }

    /// <summary>Reads the next block, of records or a range; false at the end, and where it was cut short.</summary>
    /// <exception cref="InvalidDataException">A block is damaged; one sentence.</exception>
    public bool TryRead()
    {
        (Range, RecordsBytes) = (null, 0);
        if (End is not null || !TryReadBlock(out var block))
        {
            return false;
        }

        Dropped += block.Dropped;
        var payload = _payload.AsSpan(0, block.PayloadBytes);
        switch (block.Kind)
        {
            case TraceBlockKind.Records when block.PayloadBytes % TraceRecord.SizeBytes == 0:
                RecordsBytes = block.PayloadBytes;
                return true;
            case TraceBlockKind.Range when block.PayloadBytes == TraceRange.SizeBytes
                && TraceRange.TryRead(payload, out var range):
                Range = range;
                return true;
            case TraceBlockKind.End when block.PayloadBytes == TraceEnd.SizeBytes:
                End = TraceEnd.Read(payload);
                Dropped = End.Value.Dropped;
                return false;
            default:
                throw Damaged();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private bool TryReadBlock(out TraceBlock block)
    {
        block = default;
        var length = _stream.ReadAtLeast(_head, _head.Length, throwOnEndOfStream: false);
        if (length < _head.Length)
        {
            return false;
        }

        if (!TraceBlock.TryRead(_head, out block) || block.Number != _number)
        {
            // A crash of the whole machine may leave zeros where the last blocks should be.
            return IsRestZero(_head) ? false : throw Damaged();
        }

        var payload = _payload.AsSpan(0, block.PayloadBytes);
        length = _stream.ReadAtLeast(payload, payload.Length, throwOnEndOfStream: false);
        if (length < payload.Length)
        {
            return false;
        }

        if (Crc32C.Of(payload) != block.Checksum)
        {
            return IsRestZero(payload[^Math.Min(payload.Length, TraceRecord.SizeBytes)..]) ? false : throw Damaged();
        }

        _position += _head.Length + payload.Length;
        _number++;
        return true;
    }

    private bool IsRestZero(ReadOnlySpan<byte> tail)
    {
        var bytes = new byte[1 << 16];
        var isZero = tail.IndexOfAnyExcept((byte)0) < 0;
        while (isZero && _stream.Read(bytes) is var length and > 0)
        {
            isZero = bytes.AsSpan(0, length).IndexOfAnyExcept((byte)0) < 0;
        }

        return isZero;
    }

    private InvalidDataException Damaged() =>
        new($"its block {_number}, at byte {_position}, is damaged (the checksum is wrong); record it again");
}
