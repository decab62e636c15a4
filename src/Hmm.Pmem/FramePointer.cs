// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace Hmm.Pmem;

/// <summary>
/// Where 4 KiB of the file are, and their CRC32C: 16 bytes on disk (frame, checksum, zero). Every pointer vouches for
/// what it points to, so the checksum in a root slot vouches for everything.
/// </summary>
/// <param name="Frame">The frame; 0, a root slot's own, means none.</param>
/// <param name="Checksum">The CRC32C of its 4096 bytes.</param>
public readonly record struct FramePointer(ulong Frame, uint Checksum)
{
    /// <summary>The size on disk.</summary>
    public const int SizeBytes = 16;

    /// <summary>Whether it points nowhere: a page of zeros, or a part of the table with none but those.</summary>
    public bool IsNone => Frame == 0;

    /// <summary>Reads a pointer.</summary>
    public static FramePointer ReadFrom(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));

    /// <summary>Writes it.</summary>
    public void WriteTo(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Frame);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], Checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], 0);
    }
}
