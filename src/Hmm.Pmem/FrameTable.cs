// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Pmem;

/// <summary>
/// The table of a checkpoint: a tree of nodes of 256 pointers, of 1 to 5 levels by the length of the range. Never
/// changed: <see cref="TryRewrite"/> makes another that shares what did not change.
/// </summary>
/// <remarks>Threads: any; immutable.</remarks>
public sealed class FrameTable
{
    private readonly NodeCache _nodes; // immutable
    private readonly FramePointer _top; // immutable
    private readonly int _levels; // immutable

    /// <summary>Names a table.</summary>
    public FrameTable(NodeCache nodes, FramePointer top, int levels)
    {
        _nodes = nodes;
        _top = top;
        _levels = levels;
    }

    /// <summary>Finds the frame of a page; none: the page is zeros.</summary>
    public Errno Find(long page, out FramePointer frame) => FindOn(level: -1, page, out frame);

    /// <summary>Makes the table that differs in some pages.</summary>
    /// <param name="changes">The pages, rising.</param>
    /// <param name="file">Where new nodes are written.</param>
    /// <param name="space">Where their frames come from.</param>
    /// <param name="taken">Receives the frames of new nodes, also when this fails.</param>
    /// <param name="top">The new top node.</param>
    public Errno TryRewrite(
        IReadOnlyList<TableChange> changes, IPmemFile file, IFrameSpace space, List<ulong> taken, out FramePointer top)
    {
        // From the leaves up: what changed on one level are the pointers of the level above.
        top = _top;
        var node = new byte[PmemFormat.FrameBytes];
        for (var level = 0; level < _levels && changes.Count > 0; level++)
        {
            var above = new List<TableChange>();
            for (var at = 0; at < changes.Count;)
            {
                var error = Rewrite(level, changes, ref at, node, file, space, taken, above);
                if (error != Errno.None)
                {
                    return error;
                }
            }

            changes = above;
            top = above[^1].Target;
        }

        return Errno.None;
    }

    private Errno Rewrite(
        int level,
        IReadOnlyList<TableChange> changes,
        ref int at,
        byte[] node,
        IPmemFile file,
        IFrameSpace space,
        List<ulong> taken,
        List<TableChange> above)
    {
        var index = changes[at].Index >> PmemFormat.NodeShift;
        var error = FindOn(level, index, out var old);
        if (error == Errno.None && !old.IsNone)
        {
            error = _nodes.ReadNode(old, node);
        }
        else
        {
            Array.Clear(node);
        }

        if (error != Errno.None)
        {
            return error;
        }

        for (; at < changes.Count && changes[at].Index >> PmemFormat.NodeShift == index; at++)
        {
            var slot = (int)(changes[at].Index & (PmemFormat.NodePointers - 1));
            changes[at].Target.WriteTo(node.AsSpan(slot * FramePointer.SizeBytes));
        }

        if (!space.TryTake(out var frame))
        {
            return Errno.ENOSPC;
        }

        taken.Add(frame);
        above.Add(new TableChange(index, new FramePointer(frame, Crc32C.Of(node))));
        return file.Write(PmemFormat.OffsetOf(frame), node);
    }

    /// <summary>Finds the node of a level that has a number, or with level -1 the frame of a page.</summary>
    private Errno FindOn(int level, long index, out FramePointer found)
    {
        found = _top;
        for (var above = _levels - 1; above > level && !found.IsNone; above--)
        {
            var slot = (int)(index >> ((above - level - 1) * PmemFormat.NodeShift)) & (PmemFormat.NodePointers - 1);
            var error = _nodes.ReadPointer(found, slot, out found);
            if (error != Errno.None)
            {
                return error;
            }
        }

        return Errno.None;
    }
}
