// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Block;

/// <summary>Frames in a row that are, or will be, at places in a row.</summary>
/// <param name="Place">The first place.</param>
/// <param name="First">The first frame, in its copy.</param>
/// <param name="Count">How many.</param>
internal readonly record struct PlaceRun(uint Place, short First, short Count);
