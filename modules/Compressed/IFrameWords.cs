// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Compressed;

/// <summary>Where the store finds the words that name its objects, to move these.</summary>
internal interface IFrameWords
{
    /// <summary>The word of a frame that holds, or is about to hold, an object; as a <see cref="FrameWord"/>.</summary>
    /// <param name="frame">The frame's number on the device.</param>
    ref ulong WordOf(uint frame);
}
