// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Block;

/// <summary>
/// Frames in a row whose pages are at places in a row: each at its own, or some of them sharing places. There are never
/// more places than frames, so the places are read into the last part of the frames' buffer, and the pages are unpacked
/// from the front: no page is written over a place that is still needed.
/// </summary>
/// <param name="Place">The first place.</param>
/// <param name="First">The first frame, in its copy.</param>
/// <param name="Frames">How many frames.</param>
/// <param name="Places">How many places.</param>
internal readonly record struct ReadRun(uint Place, short First, short Frames, short Places)
{
    /// <summary>The most frames of a run with shared places: what a <see cref="SharedTag"/> can say.</summary>
    public const int SharedFramesMax = 32;

    /// <summary>Whether some of the frames share a place.</summary>
    public bool IsShared => Frames != Places;

    /// <summary>Where in the copy's buffer the first place is read to, in pages.</summary>
    public int FirstSlot => First + Frames - Places;

    /// <summary>The run with one more frame; false: its page is elsewhere.</summary>
    public bool TryExtend(uint place, out ReadRun longer)
    {
        var last = Place + (uint)Places - 1;
        var shares = place == last;
        longer = this with { Frames = (short)(Frames + 1), Places = (short)(shares ? Places : Places + 1) };
        return (shares || place == last + 1) && (!longer.IsShared || Frames < SharedFramesMax);
    }
}
