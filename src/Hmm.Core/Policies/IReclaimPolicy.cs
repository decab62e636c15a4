// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

namespace Hmm.Core.Policies;

/// <summary>
/// Who leaves DRAM: the order of the resident pages. The host has one at a time; a module replaces the default with
/// <see cref="ModuleContext.RegisterReclaimPolicy"/>, and <c>hmm replay</c> runs any of them over a recorded trace.
/// </summary>
/// <remarks>
/// <para>
/// Pages are numbers: neighbours of one range have neighbouring numbers, and no number is 0. A policy learns that pages
/// came into DRAM, names those that are to leave, and is told which of them stay after all. Accesses to pages in DRAM
/// are seen by nobody, so a policy sees what it evicted too early by its coming back.
/// </para>
/// <para>
/// Threads: the core calls one method at a time, under a short lock, so an implementation needs no locks of its own. It
/// must not wait, must not allocate per page, and must not throw: an exception ends the host. Calls come once a run or
/// batch of pages, never once a page in a loop.
/// </para>
/// <para>Invariant: a page that was inserted is known until it is taken or forgotten.</para>
/// </remarks>
[ExportSymbolGpl]
public interface IReclaimPolicy
{
    /// <summary>How many pages are known and neither taken nor forgotten.</summary>
    long Count { get; }

    /// <summary>Neighbouring pages, none of them known, came into DRAM.</summary>
    /// <param name="first">The first page.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <param name="prefetched">Whether they were brought along and nobody has touched them yet.</param>
    void Insert(ulong first, int count, bool prefetched);

    /// <summary>Takes the pages that are to leave next. They are known no more, unless they are kept.</summary>
    /// <param name="pages">Filled from the start, first to leave first.</param>
    /// <returns>How many; fewer than asked for only if no more are known.</returns>
    int TakeVictims(Span<ulong> pages);

    /// <summary>Names the pages that would leave next, so that they can be written to their device early.</summary>
    /// <param name="pages">Filled from the start, in any order.</param>
    /// <returns>How many; 0 from a policy that cannot say.</returns>
    int PeekVictims(Span<ulong> pages);

    /// <summary>
    /// A page that was taken stays in DRAM: it is pinned, worked on, protected by its range's share, or its device took
    /// it not. It must come up as a victim again, after the others.
    /// </summary>
    /// <param name="page">The page.</param>
    void Keep(ulong page);

    /// <summary>A range is gone: forgets every page from <paramref name="first"/> to <paramref name="last"/>.</summary>
    /// <param name="first">The first page.</param>
    /// <param name="last">The last page.</param>
    void Forget(ulong first, ulong last);
}
