// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Policies;

/// <summary>
/// How much DRAM may be pinned: pages that never leave take room from all others, and a budget that is all pinned can
/// serve no fault at all.
/// </summary>
/// <remarks>Threads: any. Invariant: 0 &lt;= Pinned &lt;= Limit.</remarks>
internal sealed class PinBudget
{
    private long _pinned; // Guarded by: atomic

    /// <summary>Creates a budget.</summary>
    /// <param name="limit">In frames of 4 KiB.</param>
    public PinBudget(long limit)
    {
        Limit = limit;
    }

    /// <summary>The limit in frames.</summary>
    public long Limit { get; }

    /// <summary>Frames pinned now; a page that is pinned twice counts twice.</summary>
    public long Pinned => Volatile.Read(ref _pinned);

    /// <summary>Takes frames, if that many are left.</summary>
    public bool TryReserve(long frames)
    {
        var before = Volatile.Read(ref _pinned);
        while (frames <= Limit - before)
        {
            var seen = Interlocked.CompareExchange(ref _pinned, before + frames, before);
            if (seen == before)
            {
                return true;
            }

            before = seen;
        }

        return false;
    }

    /// <summary>Gives frames back.</summary>
    public void Release(long frames)
    {
        var after = Interlocked.Add(ref _pinned, -frames);
        Corruption.Require(after >= 0, "no more frames are unpinned than were pinned");
    }
}
