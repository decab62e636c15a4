// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Pmem;

/// <summary>
/// Goes through tables, each frame once however many checkpoints share it. What cannot be read is reported, and passed
/// over.
/// </summary>
internal sealed class TableWalk
{
    private readonly NodeCache _nodes; // immutable
    private readonly ulong _frameCount; // immutable
    private readonly Stack<Step> _steps = new(); // Guarded by: owner
    private readonly byte[] _node = new byte[PmemFormat.FrameBytes]; // Guarded by: owner

    public TableWalk(NodeCache nodes, ulong frameCount)
    {
        _nodes = nodes;
        _frameCount = frameCount;
    }

    /// <summary>Called for each frame: the pointer, its level (-1: a page), and its number on that level.</summary>
    /// <returns>Whether to go on below it.</returns>
    public delegate bool Visitor(FramePointer pointer, int level, long index);

    /// <summary>Called for a node that is damaged, or a pointer that leaves the file.</summary>
    public delegate void Failure(FramePointer pointer, int level, long index, Errno error);

    /// <summary>Goes through a table.</summary>
    public void Run(StoredCheckpoint record, Visitor visit, Failure fail)
    {
        _steps.Push(new Step(record.Table, record.Levels - 1, 0));
        while (_steps.TryPop(out var step))
        {
            if (step.Pointer.IsNone)
            {
                continue;
            }

            if (step.Pointer.Frame is < PmemFormat.SlotCount || step.Pointer.Frame >= _frameCount)
            {
                fail(step.Pointer, step.Level, step.Index, Errno.ERANGE);
            }
            else if (visit(step.Pointer, step.Level, step.Index) && step.Level >= 0)
            {
                Descend(step, fail);
            }
        }
    }

    private void Descend(Step step, Failure fail)
    {
        var error = _nodes.ReadNode(step.Pointer, _node);
        if (error != Errno.None)
        {
            fail(step.Pointer, step.Level, step.Index, error);
            return;
        }

        // Pushed from the last: so they come in rising order.
        for (var i = PmemFormat.NodePointers - 1; i >= 0; i--)
        {
            var below = FramePointer.ReadFrom(_node.AsSpan(i * FramePointer.SizeBytes));
            if (!below.IsNone)
            {
                _steps.Push(new Step(below, step.Level - 1, (step.Index << PmemFormat.NodeShift) + i));
            }
        }
    }

    private readonly record struct Step(FramePointer Pointer, int Level, long Index);
}
