// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>
/// The host's taints. They stick: a taint is never removed, also when the module that brought it is unloaded. Shown by
/// <c>hmm modules</c>, in every error report and in metrics.
/// </summary>
/// <remarks>Thread-safety: all members may be called from any thread.</remarks>
internal sealed class TaintLedger
{
    /// <summary>Every taint with its letter, in the order in which Linux prints them.</summary>
    private static readonly (Taint Taint, char Letter)[] s_letters = // Guarded by: immutable
    [
        (
            Taint.Proprietary,
            'P'), (Taint.Forced, 'F'), (Taint.Warning, 'W'), (Taint.OutOfTree, 'O'), (Taint.Unsigned, 'E'),
    ];

    private readonly Lock _gate = new();
    private readonly List<TaintReason> _reasons = []; // Guarded by: _gate
    private int _taints; // Guarded by: atomic

    /// <summary>All taints so far.</summary>
    public Taint Current => (Taint)Volatile.Read(ref _taints);

    /// <summary>The first reason for each taint from each source, oldest first.</summary>
    public IReadOnlyList<TaintReason> Reasons
    {
        get
        {
            lock (_gate)
            {
                return [.. _reasons];
            }
        }
    }

    /// <summary>Adds taints for good.</summary>
    /// <param name="taint">One or several.</param>
    /// <param name="source">The module that brought them, or "host".</param>
    /// <param name="reason">One sentence.</param>
    public void Add(Taint taint, string source, string reason)
    {
        lock (_gate)
        {
            foreach (var (bit, _) in s_letters)
            {
                // One reason for each source and bit bounds the list by the modules ever loaded.
                if ((taint & bit) != 0 && !_reasons.Exists(r => r.Taint == bit && r.Source == source))
                {
                    _reasons.Add(new TaintReason(bit, source, reason));
                }
            }
        }

        Interlocked.Or(ref _taints, (int)taint);
    }

    /// <summary>Taints as letters, "-" for none: "PO".</summary>
    public static string Letters(Taint taint)
    {
        var letters = string.Concat(s_letters.Where(l => (taint & l.Taint) != 0).Select(l => l.Letter));
        return letters.Length == 0 ? "-" : letters;
    }

    /// <summary>The line for error reports: "Not tainted" or "Tainted: PO".</summary>
    public override string ToString() => Current == Taint.None ? "Not tainted" : "Tainted: " + Letters(Current);
}
