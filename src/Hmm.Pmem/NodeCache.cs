// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Pmem;

/// <summary>
/// Nodes of tables, read and checked. A node is known by its whole pointer: a frame that was used again has another
/// checksum, so nothing here is ever stale.
/// </summary>
/// <remarks>
/// Threads: any. One lock a slot, held for a copy of 16 bytes; a miss reads the file outside of it. Allocates only
/// while slots fill for the first time.
/// </remarks>
public sealed class NodeCache
{
    private readonly IPmemFile _file; // immutable
    private readonly Slot[] _slots; // immutable; its elements are guarded by themselves

    /// <summary>Creates an empty cache.</summary>
    /// <param name="file">The file.</param>
    /// <param name="nodes">How many nodes it holds, at least 1; each is 4 KiB and stands for 1 MiB of pages.</param>
    public NodeCache(IPmemFile file, int nodes)
    {
        _file = file;
        _slots = new Slot[nodes];
        for (var i = 0; i < nodes; i++)
        {
            _slots[i] = new Slot();
        }
    }

    /// <summary>Reads one pointer of a node.</summary>
    /// <param name="node">The node, not none.</param>
    /// <param name="index">0 to 255.</param>
    /// <param name="target">The pointer.</param>
    /// <returns>None, the file's error, or EBADMSG: the node is damaged.</returns>
    public Errno ReadPointer(FramePointer node, int index, out FramePointer target)
    {
        var slot = _slots[(uint)((node.Frame * 0x9E37_79B9_7F4A_7C15UL) >> 32) % (uint)_slots.Length];
        lock (slot)
        {
            if (slot.Node == node)
            {
                target = FramePointer.ReadFrom(slot.Bytes.AsSpan(index * FramePointer.SizeBytes));
                return Errno.None;
            }
        }

        Span<byte> bytes = stackalloc byte[PmemFormat.FrameBytes];
        var error = ReadNode(node, bytes);
        target = error == Errno.None ? FramePointer.ReadFrom(bytes[(index * FramePointer.SizeBytes)..]) : default;
        if (error == Errno.None)
        {
            lock (slot)
            {
                slot.Bytes ??= new byte[PmemFormat.FrameBytes];
                bytes.CopyTo(slot.Bytes);
                slot.Node = node;
            }
        }

        return error;
    }

    /// <summary>Reads a whole node, past the cache.</summary>
    public Errno ReadNode(FramePointer node, Span<byte> bytes)
    {
        var error = _file.Read(PmemFormat.OffsetOf(node.Frame), bytes);
        return error != Errno.None ? error : Crc32C.Of(bytes) == node.Checksum ? Errno.None : Errno.EBADMSG;
    }

    private sealed class Slot
    {
        public FramePointer Node; // Guarded by: this

        public byte[]? Bytes; // Guarded by: this
    }
}
