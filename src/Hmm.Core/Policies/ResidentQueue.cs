// SPDX-License-Identifier: GPL-2.0-or-later
using System.Numerics;

namespace Hmm.Core.Policies;

/// <summary>
/// The order in which resident pages leave DRAM: the reclaim policy, and the lock that its calls come under. A page's
/// token is its range and number in one word (<see cref="PageToken"/>); the page's queued bit says that a token exists,
/// so that a page has at most one. A token whose page left by another way is stale; whoever takes it finds that out in
/// the page table.
/// </summary>
/// <remarks>
/// Who leaves is the policy's choice; in which order, only from one turn to the next. Within a turn, an eighth of all
/// pages, they leave by address, since what a page costs to unmap falls with every neighbour in the same 2 MiB that
/// leaves with it (<c>docs/internals/limits.md</c> has the figures).
/// Threads: any, under a short lock; <see cref="Pop"/> and <see cref="PutBack"/> one at a time. What is taken while a
/// turn begins is known to nobody else, and may be stale when it comes.
/// </remarks>
internal sealed class ResidentQueue
{
    private const int TurnDivisor = 8;

    // Of a budget of 512 MiB; 128 KiB of tokens.
    private const int TurnPagesMax = 16384;

    // So many are taken at a time, since faults wait for the lock.
    private const int TakenPagesMax = 256;

    private readonly Lock _gate = new();
    private IReclaimPolicy _policy; // Guarded by: _gate
    private ulong[] _turn = []; // Guarded by: _gate
    private ulong[] _next = []; // Guarded by: the popping thread
    private int _turnAt; // Guarded by: _gate
    private int _turnEnd; // Guarded by: _gate

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
                return _policy.Count + TurnCount;
            }
        }
    }

    private int TurnCount => _turnEnd - _turnAt;

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

    /// <summary>Takes the tokens of pages that are to leave, by address.</summary>
    /// <param name="tokens">Filled from the start.</param>
    /// <returns>How many were taken.</returns>
    public int Pop(Span<ulong> tokens)
    {
        var count = PopOfTurn(tokens);
        if (count == 0 && tokens.Length > 0)
        {
            BeginTurn((int)Math.Max(tokens.Length, Math.Min(Count / TurnDivisor, TurnPagesMax)));
            count = PopOfTurn(tokens);
        }

        return count;
    }

    /// <summary>Puts back the last tokens that were popped, which nobody has looked at: they come next.</summary>
    public void PutBack(ReadOnlySpan<ulong> tokens)
    {
        lock (_gate)
        {
            if (_turnAt >= tokens.Length)
            {
                _turnAt -= tokens.Length;
                tokens.CopyTo(_turn.AsSpan(_turnAt));
                return;
            }

            // Another policy came, which has the rest of the turn.
            foreach (var token in tokens)
            {
                _policy.Keep(token);
            }
        }
    }

    /// <summary>Names the pages that would leave next.</summary>
    public int Peek(Span<ulong> tokens)
    {
        lock (_gate)
        {
            var count = Math.Min(tokens.Length, TurnCount);
            _turn.AsSpan(_turnAt, count).CopyTo(tokens);
            return count + _policy.PeekVictims(tokens[count..]);
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
            var kept = _turnEnd;
            for (var at = _turnEnd - 1; at >= _turnAt; at--)
            {
                if (new PageToken(_turn[at]).RangeId != rangeId)
                {
                    _turn[--kept] = _turn[at];
                }
            }

            _turnAt = kept;
        }
    }

    /// <summary>Goes over to another policy, which gets every token in the order in which it would have left.</summary>
    public void Use(IReclaimPolicy policy)
    {
        Span<ulong> tokens = stackalloc ulong[256];
        lock (_gate)
        {
            Insert(policy, _turn.AsSpan(_turnAt, TurnCount));
            (_turnAt, _turnEnd) = (0, 0);
            while (_policy.TakeVictims(tokens) is var taken and > 0)
            {
                Insert(policy, tokens[..taken]);
            }

            _policy = policy;
        }
    }

    private int PopOfTurn(Span<ulong> tokens)
    {
        lock (_gate)
        {
            var count = Math.Min(tokens.Length, TurnCount);
            _turn.AsSpan(_turnAt, count).CopyTo(tokens);
            _turnAt += count;
            return count;
        }
    }

    private void BeginTurn(int pages)
    {
        // Grows to the largest turn there was, since most queues of ranges never have a large one.
        if (_next.Length < pages)
        {
            _next = new ulong[(int)BitOperations.RoundUpToPowerOf2((uint)pages)];
        }

        var (count, taken) = (0, -1);
        while (count < pages && taken != 0)
        {
            lock (_gate)
            {
                taken = _policy.TakeVictims(_next.AsSpan(count, Math.Min(TakenPagesMax, pages - count)));
            }

            count += taken;
        }

        _next.AsSpan(0, count).Sort();
        lock (_gate)
        {
            (_turn, _next) = (_next, _turn);
            (_turnAt, _turnEnd) = (0, count);
        }
    }

    private static void Insert(IReclaimPolicy policy, ReadOnlySpan<ulong> tokens)
    {
        foreach (var token in tokens)
        {
            policy.Insert(token, 1, prefetched: false);
        }
    }
}
