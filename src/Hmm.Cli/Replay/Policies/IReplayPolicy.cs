// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Cli.Replay.Policies;

/// <summary>
/// Who leaves DRAM in a replay: a policy of a host, or one that is there to compare with and sees more than a host can.
/// </summary>
internal interface IReplayPolicy
{
    /// <summary>Neighbours came into DRAM.</summary>
    void Insert(ulong first, int count, bool prefetched);

    /// <summary>A page was used, whether it was in DRAM or has just come.</summary>
    void Used(ulong page);

    /// <summary>Takes the pages that are to leave next, first to leave first.</summary>
    int TakeVictims(Span<ulong> pages);

    /// <summary>A range is gone.</summary>
    void Forget(ulong first, ulong last);
}
