// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Migration;

/// <summary>What a step of reclaim came to; tells the thread that runs it what to do next.</summary>
internal enum ReclaimOutcome
{
    /// <summary>Enough DRAM is free. Wait until reclaim is needed.</summary>
    Enough,

    /// <summary>Pages left, or are on their way. Go on.</summary>
    Progress,

    /// <summary>
    /// What could leave, or free a buffer, is with a device, or another thread is in a step. Go on when there is
    /// progress.
    /// </summary>
    WaitForProgress,

    /// <summary>
    /// A whole turn of the queue freed nothing: everything is pinned, or no device takes pages. Try again later; if
    /// that does not help, let the faults that wait fail.
    /// </summary>
    Stuck,
}
