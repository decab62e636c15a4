// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Migration;

/// <summary>What a step of prefetch came to; tells the thread that runs it what to do next.</summary>
internal enum PrefetchOutcome
{
    /// <summary>Nothing is asked for, or nothing can be brought now: wait until prefetch is needed.</summary>
    Rest,

    /// <summary>Pages were brought, or are on their way. Go on.</summary>
    Progress,
}
