// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Pmem;

/// <summary>Something that a check found wrong.</summary>
/// <param name="Frame">The frame.</param>
/// <param name="Range">The range that needs it, or empty: the whole file does.</param>
/// <param name="Sequence">The first checkpoint, of those that were looked at, that names it; 0: none.</param>
/// <param name="Page">The page that it holds, or the first that it is needed for; -1: not of a range.</param>
/// <param name="Sentence">What is wrong, and what it means.</param>
public sealed record PmemFinding(ulong Frame, string Range, ulong Sequence, long Page, string Sentence);
