// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Policies;

/// <summary>
/// What to bring along with a touched page: <paramref name="Count"/> pages from <paramref name="First"/> on, each
/// <paramref name="Stride"/> after the one before, without the one that is to fault so that the stream is seen to go
/// on.
/// </summary>
/// <param name="First">The first page, the one that is needed first; it may lie outside the range.</param>
/// <param name="Count">How many steps; 0 for random access.</param>
/// <param name="Stride">From one page to the next: 1 forward, -1 backward, any other for a strided stream.</param>
/// <param name="Skip">The step to leave absent, or -1.</param>
/// <param name="ExpectWrite">Whether to install them writable, because the stream writes what it reaches.</param>
/// <param name="IsBehindWindow">
/// Whether the reader has a window before these, so that they wait until the touched page is there.
/// </param>
internal readonly record struct FillPlan(
    long First, int Count, long Stride, int Skip, bool ExpectWrite, bool IsBehindWindow = false)
{
    /// <summary>Nothing besides the touched page.</summary>
    public static readonly FillPlan PageOnly = new(0, 0, 1, -1, false);
}
