// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;

namespace Hmm.Cli.Replay.Policies;

/// <summary>The code of a host's policy, which does not see uses, and of the turns in which a host asks it.</summary>
internal sealed class HostPolicy(IReclaimPolicy policy) : IReplayPolicy
{
    private readonly ResidentQueue _queue = new(policy); // owner thread

    /// <inheritdoc/>
    public void Insert(ulong first, int count, bool prefetched) =>
        _queue.Push(new PageToken(first), count, prefetched);

    /// <inheritdoc/>
    public void Used(ulong page)
    {
    }

    /// <inheritdoc/>
    public int TakeVictims(Span<ulong> pages) => _queue.Pop(pages);

    /// <inheritdoc/>
    public void Forget(ulong first, ulong last) => _queue.Forget(new PageToken(first).RangeId);
}
