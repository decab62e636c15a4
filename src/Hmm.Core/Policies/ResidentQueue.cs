// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Policies;

/// <summary>
/// The order in which resident pages leave DRAM: the reclaim policy, and the lock that its calls come under. A page's
/// token is its range and number in one word (<see cref="PageToken"/>); the page's queued bit says that a token exists,
/// so that a page has at most one. A token whose page left by another way is stale; whoever takes it finds that out in
/// the page table.
/// </summary>
/// <remarks>Threads: any, under a short lock.</remarks>
internal sealed class ResidentQueue
{
    private readonly Lock _gate = new();
    private IReclaimPolicy _policy; // Guarded by: _gate

    /// <summary>Creates an empty queue.</summary>
    public ResidentQueue(IReclaimPolicy policy)
    {
        _policy = policy;
    }

    /// <summary>How many tokens wait.</summary>
    public long Count
    {
        get
        {
            lock (_gate)
            {
                return _policy.Count;
            }
        }
    }

    /// <summary>Adds the tokens of neighbouring pages that came into DRAM.</summary>
    public void Push(PageToken first, int count, bool prefetched = false)
    {
        lock (_gate)
        {
            _policy.Insert(first.Raw, count, prefetched);
        }
    }

    /// <summary>Puts back the token of a page that stays.</summary>
    public void Return(PageToken token)
    {
        lock (_gate)
        {
            _policy.Keep(token.Raw);
        }
    }

    /// <summary>Takes the tokens of pages that are to leave.</summary>
    /// <returns>How many were taken.</returns>
    public int Pop(Span<ulong> tokens)
    {
        lock (_gate)
        {
            return _policy.TakeVictims(tokens);
        }
    }

    /// <summary>Names the pages that would leave next.</summary>
    public int Peek(Span<ulong> tokens)
    {
        lock (_gate)
        {
            return _policy.PeekVictims(tokens);
        }
    }

    /// <summary>
    /// Takes out every token of a closed range: nothing else would while DRAM is not short, and the queue would grow
    /// with every range that comes and goes.
    /// </summary>
    public void Forget(uint rangeId)
    {
        lock (_gate)
        {
            _policy.Forget(new PageToken(rangeId, 0).Raw, new PageToken(rangeId, (1L << PageToken.PageBits) - 1).Raw);
        }
    }

    /// <summary>Goes over to another policy, which gets every token in the order in which it would have left.</summary>
    public void Use(IReclaimPolicy policy)
    {
        Span<ulong> tokens = stackalloc ulong[256];
        lock (_gate)
        {
            while (_policy.TakeVictims(tokens) is var taken and > 0)
            {
                foreach (var token in tokens[..taken])
                {
                    policy.Insert(token, 1, prefetched: false);
                }
            }

            _policy = policy;
        }
    }
}
