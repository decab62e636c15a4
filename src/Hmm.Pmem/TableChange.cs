// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Pmem;

/// <summary>What a checkpoint puts into a table: an entry of a level and what it points to from now on.</summary>
/// <param name="Index">The page; on a higher level, the number of the node below.</param>
/// <param name="Target">Its frame and checksum.</param>
public readonly record struct TableChange(long Index, FramePointer Target);
