// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;

namespace Hmm.Host.Tracing;

/// <summary>How a trace ends: its totals. One without was cut short.</summary>
/// <param name="Records">How many records it holds.</param>
/// <param name="Dropped">How many were dropped.</param>
/// <param name="Accesses">What the application counted since the last mark, hits included; 0: unknown.</param>
/// <param name="DurationNs">How long it was recorded.</param>
internal readonly record struct TraceEnd(ulong Records, ulong Dropped, ulong Accesses, ulong DurationNs)
{
    /// <summary>Its size: 32 bytes.</summary>
    public const int SizeBytes = 32;

    /// <summary>Writes it.</summary>
    public void WriteTo(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Records);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], Dropped);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], Accesses);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], DurationNs);
    }

    /// <summary>Reads it.</summary>
    public static TraceEnd Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]));
}
