// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Hmm.Uapi;

namespace Hmm.Pmem;

/// <summary>One checkpoint of one range: an entry of the directory, 128 bytes on disk.</summary>
/// <param name="Name">The range.</param>
/// <param name="Sequence">The checkpoint's number, unique and rising in the file.</param>
/// <param name="TimeNs">When it was made, in nanoseconds since 1970.</param>
/// <param name="PageCount">The range's length in pages of 4 KiB.</param>
/// <param name="LengthBytes">The bytes of it that the application uses.</param>
/// <param name="ElementBytes">The size of an element.</param>
/// <param name="UserId">Whose it is.</param>
/// <param name="Table">The top node of its table, or none: all zeros.</param>
/// <param name="PagesWritten">How many pages it changed.</param>
public sealed record StoredCheckpoint(
    FixedName Name,
    ulong Sequence,
    ulong TimeNs,
    long PageCount,
    ulong LengthBytes,
    uint ElementBytes,
    uint UserId,
    FramePointer Table,
    long PagesWritten)
{
    /// <summary>The size on disk.</summary>
    public const int SizeBytes = 128;

    /// <summary>The records of a frame.</summary>
    public const int PerFrame = PmemFormat.FrameBytes / SizeBytes;

    /// <summary>How many levels of nodes its table has.</summary>
    public int Levels => PmemFormat.LevelsFor(PageCount);

    /// <summary>Whether another is of the same range.</summary>
    public bool IsOf(in FixedName name) => Name == name;

    internal static StoredCheckpoint ReadFrom(ReadOnlySpan<byte> bytes) => new(
        MemoryMarshal.Read<FixedName>(bytes),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[64..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[72..]),
        BinaryPrimitives.ReadInt64LittleEndian(bytes[80..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[88..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[96..]),
        BinaryPrimitives.ReadUInt32LittleEndian(bytes[100..]),
        FramePointer.ReadFrom(bytes[104..]),
        BinaryPrimitives.ReadInt64LittleEndian(bytes[120..]));

    internal void WriteTo(Span<byte> bytes)
    {
        var name = Name;
        MemoryMarshal.Write(bytes, in name);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[64..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[72..], TimeNs);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[80..], PageCount);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[88..], LengthBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[96..], ElementBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[100..], UserId);
        Table.WriteTo(bytes[104..]);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[120..], PagesWritten);
    }
}
