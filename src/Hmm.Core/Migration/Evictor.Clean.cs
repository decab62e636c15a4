// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Policies;
using Hmm.Core.Virtual;

namespace Hmm.Core.Migration;

/// <content>
/// Cleaning ahead: while nobody is short of DRAM, the dirty pages that will leave next are written to their device and
/// stay, clean. When DRAM is short again they leave by a hole punch, which waits for no device. A page that is written
/// meanwhile is dirty again, and its frame is free again.
/// </content>
internal sealed partial class Evictor
{
    // 16 MiB of 4 KiB pages: the gap between the watermarks of a budget of 512 MiB, so what one turn of reclaim takes.
    private const int CleanPagesMax = 4096;

    private readonly ulong[] _coldest = new ulong[CleanPagesMax]; // Guarded by: the stepping thread

    /// <summary>
    /// Begins to write the dirty pages among those that would leave next, as far as buffers go. Returns when the writes
    /// are under way.
    /// </summary>
    public void CleanAhead()
    {
        var frames = _manager.Budget.HighWatermark - _manager.Budget.LowWatermark;
        var pages = Math.Max(1, frames / Volatile.Read(ref _framesPerPage));
        var tokens = _coldest.AsSpan(0, (int)Math.Min(CleanPagesMax, pages));
        tokens = tokens[.._manager.Queue.Peek(tokens)];
        tokens.Sort();
        EvictOperation? operation = null;
        foreach (var raw in tokens)
        {
            var token = new PageToken(raw);
            if (!_manager.Ranges.TryAcquire(token.RangeId, out var range))
            {
                continue;
            }

            var goesOn = TryClean(ref operation, range, token.Page);
            _manager.Leave(range);
            if (!goesOn)
            {
                break;
            }
        }

        StartOrReturn(operation);
    }

    /// <summary>Adds a page to the operation if it is dirty; false when there is no buffer left.</summary>
    private bool TryClean(ref EvictOperation? operation, MemoryRange range, long page)
    {
        var entry = range.Table.Read(page);
        if (entry.State != PageState.Dirty || entry.Pins != 0)
        {
            return true;
        }

        operation ??= TryBegin(keepResident: true);
        if (operation is null)
        {
            return false;
        }

        if (range.Table.TryTransition(page, entry, entry.In(PageState.Evicting)) && !TryTake(operation, range, page))
        {
            // It does not fit: what does is written, and the page waits for another time.
            StartOrReturn(operation);
            operation = null;
        }

        return true;
    }
}
