// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.InteropServices;

namespace Hmm.Modules.Block;

/// <summary>What the log knows of one segment. All zero is one that was never used.</summary>
/// <remarks>Guarded by the log's gate.</remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct Segment
{
    /// <summary>Where it is in its life.</summary>
    public SegmentState State;

    /// <summary>
    /// Whether all of its places have room on the medium, so that writing to them cannot end in ENOSPC.
    /// </summary>
    public bool HasRoom;

    /// <summary>Whether a page of it cannot be read: it is not cleaned again, as that would fail again.</summary>
    public bool IsBad;

    /// <summary>Whether it was opened to find out whether the medium has room again.</summary>
    public bool IsProbe;

    /// <summary>How many places are taken, their writes under way or done.</summary>
    public short Live;

    /// <summary>How many writes to it are under way.</summary>
    public short Writes;

    /// <summary>The list that it is in.</summary>
    public short List;

    /// <summary>The next of its list, or <see cref="SegmentLists.None"/>.</summary>
    public int Next;

    /// <summary>The one before it in its list, or <see cref="SegmentLists.None"/>.</summary>
    public int Previous;
}
