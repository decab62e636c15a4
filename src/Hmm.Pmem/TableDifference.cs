// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Pmem;

/// <summary>
/// The frames that only a dropped checkpoint names. A frame lives in a run of checkpoints of its range without gaps, so
/// it is enough to look at the neighbours that stay. Costs what the neighbours differ in, not what they hold.
/// </summary>
internal sealed class TableDifference
{
    private readonly NodeCache _nodes; // immutable
    private readonly Stack<Step> _steps = new(); // Guarded by: owner
    private readonly byte[] _node = new byte[PmemFormat.FrameBytes]; // Guarded by: owner
    private readonly byte[] _older = new byte[PmemFormat.FrameBytes]; // Guarded by: owner
    private readonly byte[] _newer = new byte[PmemFormat.FrameBytes]; // Guarded by: owner

    public TableDifference(NodeCache nodes)
    {
        _nodes = nodes;
    }

    /// <summary>Finds the frames that neither neighbour has; what cannot be read is left alone.</summary>
    public void Run(StoredCheckpoint dropped, StoredCheckpoint? older, StoredCheckpoint? newer, Action<ulong> found)
    {
        _steps.Push(new Step(
            dropped.Table, TableOf(older, dropped), TableOf(newer, dropped), dropped.Levels - 1));
        while (_steps.TryPop(out var step))
        {
            // Equal frames are the same node, and so is all below.
            if (step.Dropped.IsNone || step.Dropped.Frame == step.Older.Frame
                || step.Dropped.Frame == step.Newer.Frame)
            {
                continue;
            }

            found(step.Dropped.Frame);
            if (step.Level >= 0 && TryRead(step.Dropped, _node) && TryRead(step.Older, _older)
                && TryRead(step.Newer, _newer))
            {
                Descend(step.Level - 1);
            }
        }
    }

    // A table of another length has another shape, and is of another range that had the name before: nothing is shared.
    private static FramePointer TableOf(StoredCheckpoint? neighbour, StoredCheckpoint dropped) =>
        neighbour is not null && neighbour.Levels == dropped.Levels ? neighbour.Table : default;

    private void Descend(int level)
    {
        for (var offset = 0; offset < PmemFormat.FrameBytes; offset += FramePointer.SizeBytes)
        {
            _steps.Push(new Step(
                FramePointer.ReadFrom(_node.AsSpan(offset)),
                FramePointer.ReadFrom(_older.AsSpan(offset)),
                FramePointer.ReadFrom(_newer.AsSpan(offset)),
                level));
        }
    }

    private bool TryRead(FramePointer node, byte[] bytes)
    {
        if (node.IsNone)
        {
            Array.Clear(bytes);
            return true;
        }

        return _nodes.ReadNode(node, bytes) == Errno.None;
    }

    private readonly record struct Step(FramePointer Dropped, FramePointer Older, FramePointer Newer, int Level);
}
