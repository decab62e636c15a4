// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;
using Hmm.Core.Virtual;
using Hmm.Uapi;

namespace Hmm.Core.Policies;

/// <summary>
/// The minimum and maximum shares of all ranges: the minima together leave half of the budget to everyone, or a fault
/// of another range could find nothing that may leave; the ranges with a maximum are kept at hand for reclaim.
/// </summary>
/// <remarks>Threads: any; the list is replaced, never changed.</remarks>
internal sealed class Shares
{
    private readonly DramBudget _budget; // immutable
    private readonly Lock _gate = new();
    private MemoryRange[] _limited = []; // Guarded by: _gate for writers, atomic for readers
    private long _minFrames; // Guarded by: _gate

    /// <summary>Creates an empty list.</summary>
    public Shares(DramBudget budget)
    {
        _budget = budget;
    }

    /// <summary>The ranges with a maximum.</summary>
    public ReadOnlySpan<MemoryRange> Limited => Volatile.Read(ref _limited);

    /// <summary>Whether a range is above its maximum.</summary>
    public bool IsAnyExceeded
    {
        get
        {
            foreach (var range in Limited)
            {
                if (range.Share.ExcessFrames > 0)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Promises a range its minimum.</summary>
    /// <exception cref="HmmException">
    /// EINVAL: the minimum is above the maximum, or the maximum below the least budget. ENOMEM: the minima together
    /// would take more than half of the budget.
    /// </exception>
    public void Add(MemoryRangeOptions options)
    {
        var least = (long)(DramBudget.LimitBytesMin >> Pfn.Shift);
        if (options.MaxFrames != 0 && (options.MaxFrames < options.MinFrames || options.MaxFrames < least))
        {
            throw new HmmException(
                Errno.EINVAL,
                $"The maximum share of range '{options.Name}' must be at least {least} pages of 4 KiB and its minimum; "
                    + $"it is {options.MaxFrames}, and the minimum {options.MinFrames}.");
        }

        lock (_gate)
        {
            if (_minFrames + options.MinFrames > _budget.Limit / 2)
            {
                throw new HmmException(
                    Errno.ENOMEM,
                    $"A minimum share of {options.MinFrames} pages of 4 KiB would leave less than half of the budget "
                        + $"of {_budget.Limit} to others; {_minFrames} are promised already. Raise the budget or "
                        + "ask for less.");
            }

            _minFrames += options.MinFrames;
        }
    }

    /// <summary>Takes a promise back.</summary>
    public void Remove(long minFrames)
    {
        lock (_gate)
        {
            _minFrames -= minFrames;
        }
    }

    /// <summary>A range is open.</summary>
    public void Opened(MemoryRange range)
    {
        if (range.Share.IsLimited)
        {
            lock (_gate)
            {
                Volatile.Write(ref _limited, [.. _limited, range]);
            }
        }
    }

    /// <summary>A range is closed.</summary>
    public void Closed(MemoryRange range)
    {
        lock (_gate)
        {
            _minFrames -= range.Share.MinFrames;
            Volatile.Write(ref _limited, Array.FindAll(_limited, other => other != range));
        }
    }
}
