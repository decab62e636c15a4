// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Hmm.Pmem;
using Hmm.Uapi;

namespace Hmm.Host.Tracing;

/// <summary>How a trace begins: what was recorded, and how.</summary>
/// <param name="Mode">What it was to see.</param>
/// <param name="StartedUnixNs">When the recording began.</param>
/// <param name="BudgetBytes">The DRAM budget of the host.</param>
/// <param name="WindowBytes">A full trace: the DRAM that pages had meanwhile; else 0.</param>
/// <param name="HostVersion">The version of the host.</param>
/// <param name="Policy">The reclaim policy of the host; empty: the default.</param>
internal sealed record TraceHeader(
    TraceMode Mode, ulong StartedUnixNs, ulong BudgetBytes, ulong WindowBytes, string HostVersion, string Policy)
{
    /// <summary>Its size: 256 bytes.</summary>
    public const int SizeBytes = 256;

    /// <summary>The version of the format that this writes and reads.</summary>
    public const uint Version = 1;

    private const int NamesOffset = 64;
    private const int ChecksumOffset = SizeBytes - 4;

    private static ReadOnlySpan<byte> Magic => "HMMTRACE"u8;

    /// <summary>Writes it.</summary>
    public void WriteTo(Span<byte> bytes)
    {
        bytes.Clear();
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], SizeBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], (uint)Mode);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], TraceRecord.SizeBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], StartedUnixNs);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], BudgetBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[40..], WindowBytes);
        MemoryMarshal.Write(bytes[NamesOffset..], FixedName.Truncate(HostVersion));
        MemoryMarshal.Write(bytes[(NamesOffset + Limits.NameBytes)..], FixedName.Truncate(Policy));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[ChecksumOffset..], Crc32C.Of(bytes[..ChecksumOffset]));
    }

    /// <summary>Reads it.</summary>
    /// <exception cref="InvalidDataException">It is none, damaged, or of another version; one sentence.</exception>
    public static TraceHeader Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Magic.Length || !bytes[..Magic.Length].SequenceEqual(Magic))
        {
            throw new InvalidDataException("it is no trace; record one with 'hmm trace record'");
        }

        if (bytes.Length < SizeBytes)
        {
            throw new InvalidDataException("it ends within its header, so nothing was recorded; record it again");
        }

        // The version lies where it lies in every version; the checksum may not.
        var version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (version != Version)
        {
            throw new InvalidDataException(
                $"it is a trace of version {version}, and this hmm reads version {Version}; use the hmm that recorded "
                    + "it, or record it again");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumOffset..]) != Crc32C.Of(bytes[..ChecksumOffset])
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]) != TraceRecord.SizeBytes)
        {
            throw new InvalidDataException("its header is damaged (the checksum is wrong); record it again");
        }

        return new TraceHeader(
            (TraceMode)BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[40..]),
            MemoryMarshal.Read<FixedName>(bytes[NamesOffset..]).ToString(),
            MemoryMarshal.Read<FixedName>(bytes[(NamesOffset + Limits.NameBytes)..]).ToString());
    }
}
