// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;
using Hmm.Core.Virtual;

namespace Hmm.Core.Migration;

/// <summary>
/// Who writes down what happens to pages. Called on the fault path: an implementation must not wait, throw or allocate.
/// </summary>
/// <remarks>
/// Threads: any. What happens to one page is told in its order, since the caller owns the page meanwhile: a fill before
/// it is published, an eviction once its memory is gone and before that is.
/// </remarks>
internal interface IPageTrace
{
    /// <summary>A thread touched a page, and waits.</summary>
    /// <param name="page">The page.</param>
    /// <param name="write">Whether it was a write.</param>
    /// <param name="writeProtect">Whether the page was present and write-protected.</param>
    /// <param name="thread">The thread, by its number in the application; 0: unknown.</param>
    void Faulted(PageToken page, bool write, bool writeProtect, uint thread);

    /// <summary>Neighbours came into DRAM.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="count">How many.</param>
    /// <param name="writable">Whether writes go through.</param>
    /// <param name="prefetched">Whether nobody is known to wait for them.</param>
    void Filled(PageToken first, int count, bool writable, bool prefetched);

    /// <summary>Neighbours left DRAM.</summary>
    void Evicted(PageToken first, int count);

    /// <summary>The contents of neighbours were dropped.</summary>
    void Dropped(PageToken first, int count);

    /// <summary>A range is about to be open.</summary>
    void Opened(MemoryRange range);

    /// <summary>A range is closed: nothing is told of its pages any more.</summary>
    void Closed(MemoryRange range);
}
