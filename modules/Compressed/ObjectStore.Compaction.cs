// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using Hmm.Core;

namespace Hmm.Modules.Compressed;

/// <content>
/// Objects move from the emptiest span of a class to its fullest, one at a time under the gate (a copy of 2 KiB: 200
/// ns), so that whole spans become empty. It is done by whoever frees, when an eighth of a class's slots are free, and
/// by whoever finds no room.
/// <code>
///   1 copy      to a free slot of another span
///   2 publish   the frame's word: old slot -> new slot, if it still says the old one
///   3 release   the old slot; a reader that is still in it sees the word changed
/// </code>
/// The word is what decides: a slot that is being written is not named yet and stays; one whose frame is being freed is
/// not named any more and is released by whoever frees it.
/// </content>
internal sealed unsafe partial class ObjectStore
{
    // The least share of free slots: with 2 % for rounding it keeps waste below 12 %.
    private const int SparseDivisor = 8;

    private static int SlotsOf(int sizeClass) => SizeClasses.SlotsPerSpan(sizeClass);

    /// <summary>Whether a class has a whole span's worth of free slots: only then can moving empty one.</summary>
    private bool CanEmptySpanLocked(int sizeClass)
    {
        ref var counts = ref _counts[sizeClass];
        return FreeSlotsLocked(sizeClass) >= SlotsOf(sizeClass) && counts.Spans > 1;
    }

    private bool IsSparseLocked(int sizeClass) =>
        CanEmptySpanLocked(sizeClass)
        && FreeSlotsLocked(sizeClass) * SparseDivisor >= (long)_counts[sizeClass].Spans * SlotsOf(sizeClass);

    private long FreeSlotsLocked(int sizeClass) =>
        ((long)_counts[sizeClass].Spans * SlotsOf(sizeClass)) - _counts[sizeClass].Taken;

    /// <summary>Moves one object of a class; false if none can move.</summary>
    /// <param name="sizeClass">The class.</param>
    /// <param name="empty">The span that became empty and is to be punched, or None.</param>
    private bool TryMoveLocked(int sizeClass, out int empty)
    {
        empty = SpanRecord.None;
        var source = _lists.Emptiest(sizeClass);
        var target = source == SpanRecord.None ? source : _lists.Fullest(sizeClass, except: source);
        if (target == SpanRecord.None)
        {
            return false;
        }

        for (var slot = _records[source].NextTaken(0);
            slot != SpanRecord.None;
            slot = _records[source].NextTaken(slot + 1))
        {
            if (TryMoveSlotLocked(source, slot, target, sizeClass, out var old))
            {
                empty = ReleaseLocked(old);
                return true;
            }
        }

        return false;
    }

    private bool TryMoveSlotLocked(int source, int slot, int target, int sizeClass, out FrameWord old)
    {
        // Safe because both slots are of this class, and object and header fit it.
        old = default;
        var header = (ObjectHeader*)(_spans + ((long)source * SizeClasses.SpanBytes)
            + ((long)slot * SizeClasses.SlotBytes(sizeClass)));
        if (!header->TryGetFrame(out var frame))
        {
            return false; // It is being written, or damaged: then it stays until its frame is freed.
        }

        ref var word = ref _words.WordOf(frame);
        old = new FrameWord(Volatile.Read(ref word));
        if (!old.IsObject || old.Span != (uint)source || old.Slot != slot || ClassOf(old) != sizeClass)
        {
            return false;
        }

        var moved = FrameWord.OfObject((uint)target, _records[target].TakeFirst(SlotsOf(sizeClass)), old.Length);
        CountTakenLocked(target, sizeClass);
        Unsafe.CopyBlockUnaligned(HeaderOf(moved), header, (uint)(ObjectHeader.SizeBytes + old.Length));
        if (Interlocked.CompareExchange(ref word, moved.Raw, old.Raw) == old.Raw)
        {
            return true;
        }

        // Its frame was freed since the word was read. The target has other objects, so it does not become empty.
        Corruption.Require(ReleaseLocked(moved) == SpanRecord.None, "a span that objects move to is in use");
        return false;
    }

    /// <summary>Makes one span empty, of any class; false if none can be, or others were faster to use it.</summary>
    private bool TryReclaimSpan()
    {
        for (var sizeClass = 0; sizeClass < SizeClasses.Count; sizeClass++)
        {
            // Each step is short, so that faults that free frames get their turn; a span has no more objects than
            // slots.
            for (var step = 0; step < SlotsOf(sizeClass); step++)
            {
                lock (Gate)
                {
                    if (_warmSpans > 0)
                    {
                        return true;
                    }

                    if (!CanEmptySpanLocked(sizeClass) || !TryMoveLocked(sizeClass, out _))
                    {
                        break;
                    }
                }
            }
        }

        lock (Gate)
        {
            return _warmSpans > 0;
        }
    }
}
