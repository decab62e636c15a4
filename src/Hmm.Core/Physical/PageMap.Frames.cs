// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;

namespace Hmm.Core.Physical;

/// <content>
/// A frame's life: handed out with one holder and one lifetime reference; shared by Get; given back
/// by Put. The last Put runs, in this order: reverse link cleared, free hook, driver word cleared,
/// back to the allocator, lifetime reference. So a hook owns its frames alone, and a drain that
/// completes has seen every hook return.
/// </content>
public sealed partial class PageMap
{
    private bool _isSuspended; // Guarded by: atomic

    /// <summary>Hands out neighbouring frames, each with one holder.</summary>
    /// <param name="framesMax">The most to hand out, at least one unit.</param>
    /// <param name="first">The first frame.</param>
    /// <param name="frames">How many: 1 unit to <paramref name="framesMax"/>.</param>
    /// <returns>
    /// False: every frame is handed out, allocation is suspended, or removal began.
    /// </returns>
    public bool TryAllocateRun(int framesMax, out Pfn first, out int frames)
    {
        var units = framesMax >> _order;
        ArgumentOutOfRangeException.ThrowIfLessThan(units, 1, nameof(framesMax));
        first = default;
        frames = 0;

        // The lifetime references come first: a frame that is out without one could outlive its
        // metadata.
        if (!Reference.TryGet(units))
        {
            return false;
        }

        foreach (var span in FrameSpans)
        {
            if (span.Allocator.TryAllocateRun(units, out var index, out var got))
            {
                if (got < units)
                {
                    Reference.Put(units - got);
                }

                HandOut(span, index, got, order: 0);
                first = PfnOf(span, index);
                frames = got << _order;
                return true;
            }
        }

        Reference.Put(units);
        return false;
    }

    /// <summary>
    /// Hands out 2^<paramref name="order"/> frames, aligned to their number, each with one holder.
    /// </summary>
    /// <param name="order">0 to 9, and at least the map's frame order.</param>
    /// <param name="first">The first frame.</param>
    /// <returns>False: no such run is free, allocation is suspended, or removal began.</returns>
    public bool TryAllocateOrder(int order, out Pfn first)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(order, _order);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(order, FrameAllocator.OrderMax);
        first = default;
        var units = 1 << (order - _order);
        if (!Reference.TryGet(units))
        {
            return false;
        }

        foreach (var span in FrameSpans)
        {
            if (span.Allocator.TryAllocateOrder(order - _order, out var index))
            {
                HandOut(span, index, units, (byte)order);
                first = PfnOf(span, index);
                return true;
            }
        }

        Reference.Put(units);
        return false;
    }

    /// <summary>Adds a holder to each frame, on behalf of one that holds them.</summary>
    internal void Get(Pfn first, int count = 1)
    {
        var (span, index, units) = UnitsOf(first, count);
        for (var i = index; i < index + units; i++)
        {
            if (!span.Unit(i).TryAddHolder())
            {
                Corruption.Fail($"'{Name}': a holder was added to {PfnOf(span, i)}, which is free");
            }
        }
    }

    /// <summary>
    /// Adds a holder unless the frame is free. The caller holds a lifetime reference, not the
    /// frame.
    /// </summary>
    internal bool TryGet(Pfn pfn) => FrameOf(pfn).TryAddHolderUnlessFree();

    /// <summary>
    /// Drops a holder of each frame. Those that reach zero go to the free hook in contiguous runs.
    /// </summary>
    internal void Put(Pfn first, int count = 1)
    {
        var (span, index, units) = UnitsOf(first, count);
        var end = index + units;
        var runStart = index;
        for (var i = index; i < end; i++)
        {
            switch (span.Unit(i).DropHolder())
            {
                case FrameDrop.Last when (span.Unit(i).Flags & FrameFlags.Kept) != 0:
                    FreeRun(span, runStart, i - runStart);
                    KeepUnit(span, i);
                    runStart = i + 1;
                    break;
                case FrameDrop.Last:
                    break;
                case FrameDrop.StillHeld:
                    FreeRun(span, runStart, i - runStart);
                    runStart = i + 1;
                    break;
                default:
                    Corruption.Fail($"driver '{Name}' or the core freed {PfnOf(span, i)} twice: it has no holder");
                    break;
            }
        }

        // Until here the last run's lifetime references keep the span; after this call nothing
        // does.
        FreeRun(span, runStart, end - runStart);
    }

    /// <summary>
    /// The first frame at or after <paramref name="from"/> that is handed out. False: none, or
    /// removal began.
    /// </summary>
    internal bool TryNextUsed(Pfn from, out Pfn used)
    {
        used = default;
        if (!Reference.TryGet())
        {
            return false;
        }

        var found = false;
        foreach (var span in FrameSpans)
        {
            if (from > span.Last)
            {
                continue;
            }

            var start = from < span.First ? 0 : (long)((from.Value - span.First.Value) >> _order);
            if (span.Allocator.TryNextUsed(start, out var index) && (!found || PfnOf(span, index) < used))
            {
                used = PfnOf(span, index);
                found = true;
            }
        }

        Reference.Put();
        return found;
    }

    /// <summary>Whether no frames are handed out now.</summary>
    internal bool IsSuspended => Volatile.Read(ref _isSuspended);

    internal void SetSuspended(bool suspended)
    {
        Volatile.Write(ref _isSuspended, suspended);
        foreach (var span in FrameSpans)
        {
            span.Allocator.SetSuspended(suspended);
        }
    }

    private Pfn PfnOf(FrameSpan span, long index) => span.First + (index << _order);

    private void HandOut(FrameSpan span, long index, int units, byte order)
    {
        for (var i = index; i < index + units; i++)
        {
            ref var frame = ref span.Unit(i);
            Corruption.Require(
                frame is { Flags: FrameFlags.None, Owner: 0, DriverWord: 0 },
                "a frame that is handed out was left clean by its last user");
            frame.Order = order;
            frame.Flags = FrameFlags.HandedOut;
            if (!frame.TryHandOut())
            {
                Corruption.Fail($"'{Name}': {PfnOf(span, i)} was free in the allocator but has holders");
            }
        }
    }

    private (FrameSpan Span, long Index, long Units) UnitsOf(Pfn first, int count)
    {
        if (!TrySpanOf(first, out var span) || span.IsClosed)
        {
            FailNoFrame(first);
        }

        var unitMask = (1UL << _order) - 1;
        var left = span.Last.Value - first.Value + 1;
        if (count <= 0 || (ulong)count > left || ((first.Value | (uint)count) & unitMask) != 0)
        {
            FailNotARun(first, count);
        }

        return (span, (long)((first.Value - span.First.Value) >> _order), count >> _order);
    }

    [DoesNotReturn]
    private void FailNotARun(Pfn first, int count) => Corruption.Fail(
        $"driver '{Name}' or the core used {count} frames from {first}, not whole units of 2^{_order} in one span");

    private void FreeRun(FrameSpan span, long index, long units)
    {
        if (units == 0)
        {
            return;
        }

        for (var i = index; i < index + units; i++)
        {
            ref var frame = ref span.Unit(i);
            frame.Owner = 0;
            frame.Order = 0;
        }

        RunFreeHook(PfnOf(span, index), (int)(units << _order));

        for (var i = index; i < index + units; i++)
        {
            ref var frame = ref span.Unit(i);
            frame.DriverWord = 0;
            frame.Flags = FrameFlags.None;
        }

        Corruption.Require(span.Allocator.TryFree(index, units), "a frame that is freed was handed out");
        Reference.Put((int)units);
    }

    private void RunFreeHook(Pfn first, int frames)
    {
        if (OpsOrNone is not { } ops)
        {
            return;
        }

        try
        {
            ops.Free(first, frames);
        }
        catch (Exception exception)
        {
            FailHookThrew(first, frames, exception);
        }
    }

    [DoesNotReturn]
    private void FailHookThrew(Pfn first, int frames, Exception exception) =>
        Corruption.Fail($"driver '{Name}' threw from its free hook, for {frames} frames from {first}: {exception}");
}
