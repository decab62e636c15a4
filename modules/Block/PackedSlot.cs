// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Block;

/// <summary>What is to be written to one place: a page as it is, or a <see cref="PagePack"/> of several.</summary>
/// <param name="First">The first frame, in its copy; the next slot's first frame ends it.</param>
/// <param name="IsPack">Whether it is a pack.</param>
internal readonly record struct PackedSlot(short First, bool IsPack);
