// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using Hmm.Pmem;

namespace Hmm.Host.Tracing;

/// <summary>How each block of a trace begins; the payload follows.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="PayloadBytes">How long that is.</param>
/// <param name="Number">Counts the blocks from 0 on.</param>
/// <param name="Dropped">How many records were dropped since the block before.</param>
/// <param name="Checksum">CRC-32C of the payload.</param>
internal readonly record struct TraceBlock(
    TraceBlockKind Kind, int PayloadBytes, uint Number, ulong Dropped, uint Checksum)
{
    /// <summary>The size of this: 32 bytes.</summary>
    public const int SizeBytes = 32;

    /// <summary>The most records of a block: 96 KiB, so that a crash costs little and reading needs little.</summary>
    public const int RecordsMax = 4096;

    /// <summary>The longest payload.</summary>
    public const int PayloadBytesMax = RecordsMax * TraceRecord.SizeBytes;

    // "HTBK"
    private const uint Magic = 0x4B42_5448;
    private const int ChecksumOffset = SizeBytes - 4;

    /// <summary>Writes it.</summary>
    public void WriteTo(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], (uint)Kind);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], PayloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], Number);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], Dropped);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], Checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[ChecksumOffset..], Crc32C.Of(bytes[..ChecksumOffset]));
    }

    /// <summary>Reads it; false: these are no block's first bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out TraceBlock block)
    {
        block = new TraceBlock(
            (TraceBlockKind)BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]));
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes) == Magic
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumOffset..]) == Crc32C.Of(bytes[..ChecksumOffset])
            && block.PayloadBytes is >= 0 and <= PayloadBytesMax;
    }
}
