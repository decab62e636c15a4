// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;
using Hmm.Core.Virtual;

namespace Hmm.Core.Migration;

/// <summary>
/// Whose pages leave: those of a range above its maximum share, in turns with those that the budget wants gone; and of
/// these each queue gives in proportion to what it holds.
/// </summary>
/// <remarks>Threads: the stepping thread; <see cref="Count"/> any.</remarks>
internal sealed class VictimQueues
{
    // As many pages as a batch takes: so far the choice moves on.
    private const int TurnPages = 256;

    private readonly MemoryManager _manager; // immutable
    private long _turn; // Guarded by: the stepping thread
    private bool _wasExcess; // Guarded by: the stepping thread

    internal VictimQueues(MemoryManager manager)
    {
        _manager = manager;
    }

    /// <summary>How many tokens wait in all queues.</summary>
    public long Count
    {
        get
        {
            var count = _manager.Queue.Count;
            foreach (var range in _manager.Shares.Limited)
            {
                count += range.Queue.Count;
            }

            return count;
        }
    }

    /// <summary>Chooses the queue for one batch.</summary>
    /// <param name="wantedByBudget">How many frames the budget wants gone.</param>
    /// <param name="wanted">How many frames to take.</param>
    /// <returns>Null if nothing needs to leave.</returns>
    public ResidentQueue? Choose(long wantedByBudget, out long wanted)
    {
        MemoryRange? largest = null;
        wanted = 0;
        foreach (var range in _manager.Shares.Limited)
        {
            if (range.Share.ExcessFrames is var excess && excess > wanted)
            {
                (largest, wanted) = (range, excess);
            }
        }

        // In turns: a range whose pages cannot leave must not keep the others' from leaving.
        if (largest is not null && (!_wasExcess || wantedByBudget <= 0))
        {
            _wasExcess = true;
            return largest.Queue;
        }

        _wasExcess = false;
        wanted = wantedByBudget;
        return wanted > 0 ? NextInTurn() : null;
    }

    private ResidentQueue NextInTurn()
    {
        var limited = _manager.Shares.Limited;
        if (limited.Length == 0)
        {
            return _manager.Queue;
        }

        _turn = (_turn + TurnPages) % Math.Max(1, Count);
        var at = _turn;
        foreach (var range in limited)
        {
            at -= range.Queue.Count;
            if (at < 0)
            {
                return range.Queue;
            }
        }

        return _manager.Queue;
    }
}
