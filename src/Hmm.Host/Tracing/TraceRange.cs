// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Hmm.Uapi;

namespace Hmm.Host.Tracing;

/// <summary>A range, as a trace knows it.</summary>
/// <param name="Id">Its number in the host; it may come again once the range is closed.</param>
/// <param name="PageShift">log2 of its page size.</param>
/// <param name="PageCount">Its length in pages.</param>
/// <param name="BaseAddress">Its first address in its application.</param>
/// <param name="Kind">What stands behind its pages.</param>
/// <param name="Advice">What the application had said when it was recorded first.</param>
/// <param name="MaximumFrames">Its maximum share of the budget, in frames of 4 KiB; 0: none.</param>
/// <param name="Name">What people call it.</param>
internal sealed record TraceRange(
    uint Id,
    int PageShift,
    long PageCount,
    ulong BaseAddress,
    RangeKind Kind,
    Advice Advice,
    long MaximumFrames,
    string Name)
{
    /// <summary>Its size: 128 bytes.</summary>
    public const int SizeBytes = 128;

    private const int NameOffset = 64;

    /// <summary>Writes it.</summary>
    public void WriteTo(Span<byte> bytes)
    {
        bytes.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Id);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], PageShift);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], PageCount);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], BaseAddress);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], (uint)Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[28..], (uint)Advice);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], MaximumFrames);
        MemoryMarshal.Write(bytes[NameOffset..], FixedName.Truncate(Name));
    }

    /// <summary>Reads it; false: its values cannot be.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out TraceRange range)
    {
        range = new TraceRange(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            (RangeKind)BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]),
            (Advice)BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            MemoryMarshal.Read<FixedName>(bytes[NameOffset..]).ToString());
        return range.PageShift is >= Limits.PageShiftMin and <= Limits.PageShiftMax
            && range.PageCount is > 0 and < 1L << 40 && range.MaximumFrames >= 0 && range.Id != 0;
    }
}
