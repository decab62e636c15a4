// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;

namespace Hmm.Core.Physical;

/// <content>
/// Frames that the device keeps for itself: what is stored on a medium that outlives the host, and what the driver
/// writes beside it. Nobody holds them, so they keep no map from being removed.
/// <code>
///   free --TryTake, TryTakeAt--> taken --GiveBack--> free
///   handed out, one holder --Keep--> taken
/// </code>
/// </content>
public sealed partial class PageMap
{
    /// <summary>How many frames the device has taken.</summary>
    internal long FramesTaken
    {
        get
        {
            var taken = 0L;
            foreach (var span in FrameSpans)
            {
                taken += span.Allocator.Taken << _order;
            }

            return taken;
        }
    }

    /// <summary>Takes neighbouring frames for the device itself.</summary>
    /// <param name="framesMax">The most to take, at least one unit.</param>
    /// <param name="first">The first frame.</param>
    /// <param name="frames">How many.</param>
    /// <returns>False: every frame is used, allocation is suspended, or removal began.</returns>
    internal bool TryTake(int framesMax, out Pfn first, out int frames)
    {
        (first, frames) = (default, 0);
        if (!Reference.TryGet())
        {
            return false;
        }

        foreach (var span in FrameSpans)
        {
            if (span.Allocator.TryTakeRun(Math.Max(1, framesMax >> _order), out var index, out var got))
            {
                first = PfnOf(span, index);
                frames = got << _order;
                break;
            }
        }

        Reference.Put();
        return frames > 0;
    }

    /// <summary>Takes certain frames for the device itself. False: one of them is used, or removal began.</summary>
    internal bool TryTakeAt(Pfn first, int frames)
    {
        if (!Reference.TryGet())
        {
            return false;
        }

        var (span, index, units) = UnitsOf(first, frames);
        var taken = span.Allocator.TryTakeAt(index, units);
        Reference.Put();
        return taken;
    }

    /// <summary>Gives taken frames back.</summary>
    internal void GiveBack(Pfn first, int frames)
    {
        var (span, index, units) = UnitsOf(first, frames);
        if (!span.Allocator.TryGiveBack(index, units))
        {
            FailNotTaken(first, frames);
        }
    }

    /// <summary>
    /// Drops the caller's hold on frames and makes them taken ones: at once, or, where a read that missed its deadline
    /// still holds one, when that ends. The free hook does not run: what they hold stays.
    /// </summary>
    internal void Keep(Pfn first, int frames)
    {
        var (span, index, units) = UnitsOf(first, frames);
        for (var i = index; i < index + units; i++)
        {
            // The flag first: whoever drops the last hold must see it.
            ref var frame = ref span.Unit(i);
            frame.Flags |= FrameFlags.Kept;
            var drop = frame.DropHolder();
            Corruption.Require(drop != FrameDrop.Underflow, "a frame that is kept is held");
            if (drop == FrameDrop.Last)
            {
                KeepUnit(span, i);
            }
        }
    }

    private void KeepUnit(FrameSpan span, long index)
    {
        ref var frame = ref span.Unit(index);
        (frame.Owner, frame.Order, frame.DriverWord, frame.Flags) = (0, 0, 0, FrameFlags.None);
        Corruption.Require(span.Allocator.TryKeep(index, 1), "a frame that is kept was handed out");
        Reference.Put();
    }

    [DoesNotReturn]
    private void FailNotTaken(Pfn first, int frames) => Corruption.Fail(
        $"driver '{Name}' gave back {frames} frames from {first} that it had not taken");
}
