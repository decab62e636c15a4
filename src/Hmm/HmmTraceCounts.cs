// SPDX-License-Identifier: MIT
namespace Hmm;

/// <summary>What a recording came to.</summary>
/// <param name="Records">How many records the file holds.</param>
/// <param name="Dropped">How many records were dropped, since the disk was slower than the faults.</param>
/// <param name="FileBytes">How long the file is.</param>
public readonly record struct HmmTraceCounts(long Records, long Dropped, long FileBytes);
