// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;

namespace Hmm.Core.Physical;

/// <summary>
/// How many users something has, with an end that can be waited for (Linux: <c>percpu_ref</c>):
/// <code>
///   live --Kill--> dying --the last Put--> drained --Exit--> exited
///   TryGet works     TryGet fails            WaitDrained returns
/// </code>
/// One word holds the count and the dying bit, so a TryGet either comes before the kill, and the
/// drain waits for it, or fails: the kill is confirmed when it returns. Linux confirms in a step of
/// its own because it counts per CPU; here a get costs one interlocked operation, three orders of
/// magnitude below the fault around it.
/// </summary>
/// <remarks>
/// Thread-safety: TryGet and Put from any thread, without allocation or lock; Kill, WaitDrained and
/// Exit by the one who tears down, in that order, once each. A breach is corruption.
/// Invariant: count == references handed out + (1 while live).
/// </remarks>
internal sealed class LifetimeReference
{
    private const ulong Dying = 1UL << 63;
    private const ulong Exited = 1UL << 62;
    private const ulong CountMask = Exited - 1;

    private readonly string _name;
    private readonly object _drainGate = new();
    private ulong _word = 1; // Guarded by: atomic

    /// <param name="name">Whose life it is, for messages.</param>
    public LifetimeReference(string name)
    {
        _name = name;
    }

    /// <summary>Whether <see cref="Kill"/> began: no further reference is handed out.</summary>
    public bool IsDying => (Volatile.Read(ref _word) & Dying) != 0;

    /// <summary>Whether it is dying and every reference came back.</summary>
    public bool IsDrained => (Volatile.Read(ref _word) & ~Exited) == Dying;

    /// <summary>The references handed out.</summary>
    public long Count
    {
        get
        {
            var word = Volatile.Read(ref _word);
            return (long)(word & CountMask) - ((word & Dying) == 0 ? 1 : 0);
        }
    }

    /// <summary>Takes a reference, if it is live.</summary>
    public bool TryGet() => TryGet(1);

    /// <summary>Takes <paramref name="many"/> references (at least 1) or none.</summary>
    public bool TryGet(int many)
    {
        Corruption.Require(many > 0, "at least one reference is taken");
        var word = Volatile.Read(ref _word);
        while ((word & Dying) == 0)
        {
            // A compare-and-swap, not an add: an add that finds the dying bit afterwards would
            // already have kept the drain from completing, or completed it twice.
            var seen = Interlocked.CompareExchange(ref _word, word + (uint)many, word);
            if (seen == word)
            {
                return true;
            }

            word = seen;
        }

        return false;
    }

    /// <summary>
    /// Gives references back. Whoever gives the last one back after the kill completes the drain.
    /// </summary>
    public void Put(int many = 1)
    {
        var word = Volatile.Read(ref _word);
        while (true)
        {
            // While live the count includes the initial reference, which only Kill may drop.
            var handedOut = (word & CountMask) - ((word & Dying) == 0 ? 1UL : 0);
            if (many <= 0 || (uint)many > handedOut)
            {
                FailUnderflow(many, handedOut);
            }

            var seen = Interlocked.CompareExchange(ref _word, word - (uint)many, word);
            if (seen == word)
            {
                break;
            }

            word = seen;
        }

        if (word - (uint)many == Dying)
        {
            SignalDrained();
        }
    }

    /// <summary>
    /// Stops new references and drops the initial one. When it returns, every later TryGet fails.
    /// </summary>
    public void Kill()
    {
        // One operation sets the bit and drops the initial reference: between two, a Put could see
        // the count of a dying reference reach zero one step early, or miss it.
        var word = Volatile.Read(ref _word);
        while (true)
        {
            Require((word & Dying) == 0, "was killed twice");
            var seen = Interlocked.CompareExchange(ref _word, (word | Dying) - 1, word);
            if (seen == word)
            {
                break;
            }

            word = seen;
        }

        if (((word | Dying) - 1) == Dying)
        {
            SignalDrained();
        }
    }

    /// <summary>Waits until every reference came back.</summary>
    public void WaitDrained()
    {
        Require(IsDying, "was waited for before it was killed");
        lock (_drainGate)
        {
            // The last Put changes the word first and takes the gate second, so it cannot slip
            // between the check and the wait.
            while (!IsDrained)
            {
                Monitor.Wait(_drainGate);
            }
        }
    }

    /// <summary>Ends it. Every use from here on fails.</summary>
    public void Exit()
    {
        var seen = Interlocked.CompareExchange(ref _word, Dying | Exited, Dying);
        Require(seen == Dying, "ended before it was drained, or twice");
    }

    private void SignalDrained()
    {
        lock (_drainGate)
        {
            Monitor.PulseAll(_drainGate);
        }
    }

    private void Require([DoesNotReturnIf(false)] bool holds, string what)
    {
        if (!holds)
        {
            Corruption.Fail($"the lifetime reference of '{_name}' {what} ({Count} references are out)");
        }
    }

    [DoesNotReturn]
    private void FailUnderflow(int many, ulong handedOut) =>
        Corruption.Fail($"{many} references to '{_name}' were given back, but {handedOut} are out");
}
