// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Policies;

/// <summary>
/// One stream of touches of a range, as its faults show it. Ahead of the reader lie up to two windows, each with an
/// absent page behind it: the reader faults on the first such page, the marker, while the second window is there
/// already, and that fault asks for the third. So a scan waits for one page a window, and never for a window.
/// <code>
///   First ... Last  (window)  Marker  (window)  End
///             ^ the last fault         ^ issued ^ nothing issued from here on; equal to Marker on the first window
/// </code>
/// </summary>
internal struct PageStream
{
    /// <summary>The oldest page that belongs to it for learning about writes.</summary>
    public long First;

    /// <summary>The page of its last fault.</summary>
    public long Last;

    /// <summary>The absent page whose touch makes it go on.</summary>
    public long Marker;

    /// <summary>The absent page behind what is issued.</summary>
    public long End;

    /// <summary>From one page to the next; 0 while only one fault, or no regular step, is known.</summary>
    public long Stride;

    /// <summary>The last step, while it was seen once.</summary>
    public long Candidate;

    /// <summary>When it last went on; 0 for a place that is free.</summary>
    public long Used;

    /// <summary>The pages of its newest window.</summary>
    public int Ahead;

    /// <summary>Whether what it reaches is written.</summary>
    public bool Writes;

    /// <summary>Whether its last fault was a read whose page has not been written since.</summary>
    public bool IsUnwritten;

    /// <summary>How a touched page relates to the stream.</summary>
    public readonly StreamMatch Match(long page, long strideMax)
    {
        if (Used == 0)
        {
            return StreamMatch.None;
        }

        if (Stride == 0)
        {
            return MatchUnknown(page - Last, strideMax);
        }

        // In steps, towards where the stream goes.
        var (steps, rest) = Math.DivRem(page - Marker, Stride);
        if (rest != 0)
        {
            return StreamMatch.None;
        }

        var issued = (End - Marker) / Stride;
        if (steps < 0)
        {
            return steps >= (First - Marker) / Stride ? StreamMatch.Inside : StreamMatch.None;
        }

        if (steps < issued)
        {
            return StreamMatch.Next;
        }

        // A little past the end still continues it: the pages between were resident already.
        return steps <= issued + (Ahead / 2) ? StreamMatch.Beyond : StreamMatch.None;
    }

    /// <summary>Whether a page lies in what the stream passed last, or in what is issued.</summary>
    public readonly bool Covers(long page) => Used != 0 && (Stride < 0
        ? page <= First && page >= End
        : page >= First && page <= End);

    private readonly StreamMatch MatchUnknown(long step, long strideMax)
    {
        if (step is 1 or -1 || (step != 0 && step == Candidate))
        {
            return StreamMatch.Step;
        }

        return step != 0 && Math.Abs(step) <= strideMax ? StreamMatch.Near : StreamMatch.None;
    }
}
