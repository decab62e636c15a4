// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Modules.Block;

/// <summary>A page on its way from one place to another.</summary>
/// <param name="Frame">Whose it is.</param>
/// <param name="Word">What its frame's word said.</param>
internal readonly record struct MovedPage(uint Frame, PlaceWord Word);
