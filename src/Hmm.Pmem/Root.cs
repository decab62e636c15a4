// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using Hmm.Uapi;

namespace Hmm.Pmem;

/// <summary>
/// What a root slot says: the state of the whole file at one moment. Two slots take turns, so the one before is there
/// until the next is durable.
/// </summary>
/// <param name="FileId">The file's identity: both slots have the same.</param>
/// <param name="FrameCount">How many frames the file has.</param>
/// <param name="Sequence">Rises by one with each root; its parity is its slot.</param>
/// <param name="TimeNs">When it was written.</param>
/// <param name="Kept">How many checkpoints of each range are kept.</param>
/// <param name="Directory">The frames of the directory.</param>
/// <param name="Records">What the directory lists, by name and sequence.</param>
public sealed record Root(
    Guid FileId,
    ulong FrameCount,
    ulong Sequence,
    ulong TimeNs,
    int Kept,
    IReadOnlyList<FramePointer> Directory,
    IReadOnlyList<StoredCheckpoint> Records)
{
    /// <summary>The most frames of a directory: what fits a slot.</summary>
    public const int DirectoryFramesMax = (PmemFormat.FrameBytes - HeaderBytes) / FramePointer.SizeBytes;

    /// <summary>The most checkpoints of a file: 7936.</summary>
    public const int RecordsMax = DirectoryFramesMax * StoredCheckpoint.PerFrame;

    private const int HeaderBytes = 128;
    private const int ChecksumOffset = 12;

    // "HMMPMEM" and a zero.
    private const ulong Magic = 0x004D_454D_504D_4D48;

    /// <summary>Its slot, 0 or 1.</summary>
    public int Slot => (int)(Sequence & 1);

    /// <summary>Writes the slot's frame.</summary>
    public void WriteTo(Span<byte> slot)
    {
        slot.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(slot, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[8..], PmemFormat.Version);
        FileId.TryWriteBytes(slot[16..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[32..], FrameCount);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[40..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[48..], TimeNs);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[56..], (uint)Records.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[60..], (uint)Kept);
        for (var i = 0; i < Directory.Count; i++)
        {
            Directory[i].WriteTo(slot[(HeaderBytes + (i * FramePointer.SizeBytes))..]);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(slot[ChecksumOffset..], Crc32C.Of(slot));
    }

    /// <summary>Whether a frame begins as a slot of any version does, and of which.</summary>
    public static bool IsSlot(ReadOnlySpan<byte> slot, out uint version)
    {
        version = BinaryPrimitives.ReadUInt32LittleEndian(slot[8..]);
        return BinaryPrimitives.ReadUInt64LittleEndian(slot) == Magic;
    }

    /// <summary>Reads a slot with its directory.</summary>
    /// <param name="file">The file.</param>
    /// <param name="number">Which slot, 0 or 1.</param>
    /// <param name="root">What it says; null when this returns false.</param>
    /// <param name="why">What is wrong with it.</param>
    public static bool TryRead(
        IPmemFile file, int number, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Root? root, out string why)
    {
        root = null;
        var slot = new byte[PmemFormat.FrameBytes];
        var error = file.Read(PmemFormat.OffsetOf((ulong)number), slot);
        if (error != Errno.None)
        {
            why = $"root slot {number} cannot be read ({error})";
            return false;
        }

        var checksum = BinaryPrimitives.ReadUInt32LittleEndian(slot.AsSpan(ChecksumOffset));
        BinaryPrimitives.WriteUInt32LittleEndian(slot.AsSpan(ChecksumOffset), 0);
        if (!IsSlot(slot, out var version) || version != PmemFormat.Version || Crc32C.Of(slot) != checksum)
        {
            why = $"the checksum of root slot {number} is wrong";
            return false;
        }

        return TryReadBody(file, number, slot, out root, out why);
    }

    private static bool TryReadBody(IPmemFile file, int number, ReadOnlySpan<byte> slot, out Root? root, out string why)
    {
        root = null;
        var records = (int)BinaryPrimitives.ReadUInt32LittleEndian(slot[56..]);
        var read = new Root(
            new Guid(slot.Slice(16, 16), bigEndian: true),
            BinaryPrimitives.ReadUInt64LittleEndian(slot[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(slot[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(slot[48..]),
            (int)BinaryPrimitives.ReadUInt32LittleEndian(slot[60..]),
            ReadPointers(slot[HeaderBytes..], (records + StoredCheckpoint.PerFrame - 1) / StoredCheckpoint.PerFrame),
            []);
        if (read.Slot != number || read.FrameCount is < PmemFormat.FramesMin or > PmemFormat.FramesMax)
        {
            why = $"root slot {number} says what no slot may say";
            return false;
        }

        var listed = new List<StoredCheckpoint>(records);
        var frame = new byte[PmemFormat.FrameBytes];
        foreach (var pointer in read.Directory)
        {
            if (pointer.Frame >= read.FrameCount
                || file.Read(PmemFormat.OffsetOf(pointer.Frame), frame) != Errno.None
                || Crc32C.Of(frame) != pointer.Checksum)
            {
                why = $"frame {pointer.Frame}, of the directory of root slot {number}, is damaged";
                return false;
            }

            for (var i = 0; i < StoredCheckpoint.PerFrame && listed.Count < records; i++)
            {
                listed.Add(StoredCheckpoint.ReadFrom(frame.AsSpan(i * StoredCheckpoint.SizeBytes)));
            }
        }

        why = string.Empty;
        root = read with { Records = listed };
        return true;
    }

    private static FramePointer[] ReadPointers(ReadOnlySpan<byte> bytes, int count)
    {
        var pointers = new FramePointer[Math.Min(count, DirectoryFramesMax)];
        for (var i = 0; i < pointers.Length; i++)
        {
            pointers[i] = FramePointer.ReadFrom(bytes[(i * FramePointer.SizeBytes)..]);
        }

        return pointers;
    }
}
