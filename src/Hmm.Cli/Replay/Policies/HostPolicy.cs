// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;

namespace Hmm.Cli.Replay.Policies;

/// <summary>The code of a host's policy, which does not see uses.</summary>
internal sealed class HostPolicy(IReclaimPolicy policy) : IReplayPolicy
{
    /// <inheritdoc/>
    public void Insert(ulong first, int count, bool prefetched) => policy.Insert(first, count, prefetched);

    /// <inheritdoc/>
    public void Used(ulong page)
    {
    }

    /// <inheritdoc/>
    public int TakeVictims(Span<ulong> pages) => policy.TakeVictims(pages);

    /// <inheritdoc/>
    public void Forget(ulong first, ulong last) => policy.Forget(first, last);
}
