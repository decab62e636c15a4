// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Physical;

/// <summary>What dropping one holder of a frame did.</summary>
internal enum FrameDrop
{
    /// <summary>Others hold it.</summary>
    StillHeld,

    /// <summary>That was the last one: the caller frees the frame.</summary>
    Last,

    /// <summary>The frame was free: a double free.</summary>
    Underflow,
}
