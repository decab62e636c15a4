// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Hmm.Core.Physical;

/// <summary>
/// Frame number -> page map: a radix tree of five levels of 8 bits. A slot holds nothing, a deeper
/// node, or the page map that covers the slot's whole span, so that 1 TiB aligned to 64 GiB is 16
/// slots two levels down.
/// <code>
///   bits 39-32     31-24      23-16     15-8      7-0
///   slot 16 TiB -> 64 GiB -> 256 MiB -> 1 MiB -> 4 KiB
/// </code>
/// </summary>
/// <remarks>
/// Readers take no lock and allocate nothing; writers take one lock. The grace period that Linux
/// waits for (RCU) is the garbage collector's here: a reader keeps the nodes and the map that it
/// reached, and what it may then do with the map is decided by the map's lifetime reference, so
/// nothing needs to wait for readers.
/// Invariant: the slots that hold a map are exactly those that cover its spans; a node below the
/// root is not empty.
/// </remarks>
internal sealed class PageMapIndex
{
    private const int LevelBits = 8;
    private const int Slots = 1 << LevelBits;
    private const int RootShift = Pfn.Bits - LevelBits;

    private readonly Lock _gate = new();
    private readonly Node _root = new(); // slots: written under _gate, read by anyone
    private int _count; // Guarded by: _gate

    /// <summary>How many page maps there are.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _count;
            }
        }
    }

    /// <summary>Whether no slot is in use: what is left when every map was erased.</summary>
    internal bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _root.Used == 0 && _count == 0;
            }
        }
    }

    /// <summary>
    /// The live page map that holds a frame; one that is being set up or removed looks absent.
    /// Lock-free.
    /// </summary>
    /// <remarks>
    /// Whoever holds a frame of the map may use it as it is, since that keeps the map; whoever does
    /// not uses <see cref="TryGet"/>.
    /// </remarks>
    public PageMap? Find(Pfn pfn) => pfn.Value >> Pfn.Bits == 0 ? Volatile.Read(ref SlotOf(pfn).Live) : null;

    /// <summary>
    /// The page map that holds a frame, with a reference on its life, which the caller puts back.
    /// Lock-free.
    /// </summary>
    public bool TryGet(Pfn pfn, [NotNullWhen(true)] out PageMap? map)
    {
        // Between the lookup and the get the map may be killed, drained and erased: then the get
        // fails.
        map = Find(pfn);
        if (map is not null && map.Reference.TryGet())
        {
            return true;
        }

        map = null;
        return false;
    }

    /// <summary>
    /// The page map of a frame that the caller holds: present for as long as it does, even while
    /// the map is dying, so that references can always be given back. Lock-free.
    /// </summary>
    public PageMap OwnerOf(Pfn held)
    {
        Corruption.Require(held.Value >> Pfn.Bits == 0, "a frame that is held has a number");
        var map = Volatile.Read(ref SlotOf(held).Map);
        if (map is null)
        {
            FailNoOwner(held);
        }

        return map;
    }

    /// <summary>
    /// Every page map, in the order of their first frames: a consistent snapshot.
    /// </summary>
    public IReadOnlyList<PageMap> Snapshot()
    {
        var maps = new List<PageMap>();
        lock (_gate)
        {
            var seen = new HashSet<PageMap>();
            for (var pfn = 0UL; NextLocked(pfn) is { } found; pfn = found.End)
            {
                if (seen.Add(found.Map))
                {
                    maps.Add(found.Map);
                }
            }
        }

        return maps;
    }

    /// <summary>
    /// Publishes every span of a map, or none: whole spans are checked, against the index and
    /// against each other.
    /// </summary>
    /// <param name="map">The map.</param>
    /// <param name="other">Who has one of the spans.</param>
    /// <param name="span">The span that is taken.</param>
    internal bool TryInsert(
        PageMap map,
        [NotNullWhen(false)] out PageMap? other,
        [NotNullWhen(false)] out FrameSpan? span)
    {
        lock (_gate)
        {
            // Every span is checked before the first one is stored: no reader ever sees a part of a
            // map that fails.
            for (var i = 0; i < map.FrameSpans.Length; i++)
            {
                span = map.FrameSpans[i];
                if (NextLocked(span.First.Value) is { } found && found.Start <= span.Last.Value)
                {
                    other = found.Map;
                    return false;
                }

                for (var j = 0; j < i; j++)
                {
                    if (map.FrameSpans[j].First <= span.Last && span.First <= map.FrameSpans[j].Last)
                    {
                        other = map;
                        return false;
                    }
                }
            }

            // Every slot has the map before the first one shows it: who finds the map may be handed
            // any of its frames, and must find the map by that one too.
            ChangeLocked(map, SlotChange.Store);
            ChangeLocked(map, SlotChange.Show);
            _count++;
            other = null;
            span = null;
            return true;
        }
    }

    /// <summary>
    /// Hides a map from lookups; holders of its frames still find it. The kill begins with it.
    /// </summary>
    internal void Hide(PageMap map)
    {
        lock (_gate)
        {
            ChangeLocked(map, SlotChange.Hide);
        }
    }

    /// <summary>Takes a hidden map out.</summary>
    internal void Erase(PageMap map)
    {
        lock (_gate)
        {
            ChangeLocked(map, SlotChange.Erase);
            _count--;
        }
    }

    /// <summary>The deepest slot that covers a frame.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref Slot SlotOf(Pfn pfn)
    {
        var node = _root;
        var shift = RootShift;
        while (true)
        {
            ref var slot = ref node[(int)(pfn.Value >> shift)];

            // Acquire: pairs with the release in ChangeSlotLocked, so a node's slots are seen as
            // they were when it was linked.
            var child = Volatile.Read(ref slot.Child);
            if (child is null)
            {
                return ref slot;
            }

            node = child;
            shift -= LevelBits;
        }
    }

    /// <summary>The first slot at or after a frame that holds a map.</summary>
    private (PageMap Map, ulong Start, ulong End)? NextLocked(ulong pfn)
    {
        while (pfn >> Pfn.Bits == 0)
        {
            var node = _root;
            var shift = RootShift;
            while (node[(int)(pfn >> shift)].Child is { } child)
            {
                node = child;
                shift -= LevelBits;
            }

            var end = ((pfn >> shift) + 1) << shift;
            if (node[(int)(pfn >> shift)].Map is { } map)
            {
                return (map, pfn, end);
            }

            pfn = end;
        }

        return null;
    }

    /// <summary>Changes the fewest slots that cover a map's spans exactly.</summary>
    private void ChangeLocked(PageMap map, SlotChange change)
    {
        foreach (var span in map.FrameSpans)
        {
            var pfn = span.First.Value;
            var end = pfn + span.FrameCount;
            while (pfn < end)
            {
                // The largest slot that starts here and does not reach past the end.
                var shift = 0;
                while (shift < RootShift && Fits(pfn, end - pfn, shift + LevelBits))
                {
                    shift += LevelBits;
                }

                ChangeSlotLocked(pfn, shift, map, change);
                pfn += 1UL << shift;
            }
        }

        static bool Fits(ulong pfn, ulong frames, int shift) =>
            (pfn & ((1UL << shift) - 1)) == 0 && 1UL << shift <= frames;
    }

    private void ChangeSlotLocked(ulong pfn, int shift, PageMap map, SlotChange change)
    {
        var path = new NodePath();
        var node = _root;
        var at = RootShift;
        for (; at > shift; at -= LevelBits)
        {
            path[at / LevelBits] = node;
            ref var slot = ref node[(int)(pfn >> at)];
            Corruption.Require(slot.Map is null, "no page map covers a part of another's span");
            if (slot.Child is null)
            {
                node.Used++;
                Volatile.Write(ref slot.Child, new Node());
            }

            node = slot.Child;
        }

        node.Change(ref node[(int)(pfn >> shift)], map, change);

        // Unlink nodes that became empty; a reader inside one finds nothing, as it would have found
        // before.
        for (; node.Used == 0 && at < RootShift; at += LevelBits)
        {
            node = path[(at / LevelBits) + 1]!;
            node.Used--;
            Volatile.Write(ref node[(int)(pfn >> (at + LevelBits))].Child, null);
        }
    }

    [DoesNotReturn]
    private static void FailNoOwner(Pfn held) =>
        Corruption.Fail($"{held} is held, but no page map has it: its map was removed under its holder");

    /// <summary>
    /// What a slot holds: a node, or a map, or neither. Fields of their own, in one cache line: a
    /// lookup touches neither a node's header, to tell what it is, nor the map, to tell whether it
    /// is live.
    /// </summary>
    private struct Slot
    {
        public Node? Child; // Guarded by: the index's gate for writing; read by anyone
        public PageMap? Live; // The map while lookups may return it. Guarded by: as Child
        public PageMap? Map; // The map from set-up to erase. Guarded by: as Child
    }

    private enum SlotChange
    {
        Store,
        Show,
        Hide,
        Erase,
    }

    [InlineArray(Slots)]
    private struct SlotArray
    {
        private Slot _first;
    }

    [InlineArray((RootShift / LevelBits) + 1)]
    private struct NodePath
    {
        private Node? _first;
    }

    private sealed class Node
    {
        private SlotArray _slots;

        /// <summary>The slots in use.</summary>
        public int Used; // Guarded by: the index's gate

        /// <summary>A slot, by the low 8 bits of an index.</summary>
        public ref Slot this[int index] => ref _slots[index & (Slots - 1)];

        public void Change(ref Slot slot, PageMap map, SlotChange change)
        {
            var (before, live) = change switch
            {
                SlotChange.Store => (null, null),
                SlotChange.Hide => (map, map),
                _ => (map, (PageMap?)null),
            };
            Corruption.Require(
                slot.Child is null && slot.Map == before && slot.Live == live,
                "a slot is stored, shown, hidden and erased, in that order");
            switch (change)
            {
                case SlotChange.Store:
                    Used++;
                    Volatile.Write(ref slot.Map, map);
                    break;
                case SlotChange.Show:
                    Volatile.Write(ref slot.Live, map);
                    break;
                case SlotChange.Hide:
                    Volatile.Write(ref slot.Live, null);
                    break;
                default:
                    Used--;
                    Volatile.Write(ref slot.Map, null);
                    break;
            }
        }
    }
}
