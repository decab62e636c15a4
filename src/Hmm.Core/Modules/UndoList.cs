// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>
/// The managed resources of one module: what it acquired and how to undo it, newest first, once.
/// </summary>
/// <remarks>
/// Invariants: after <see cref="Unwind"/> nothing can be added; every added undo has run exactly once. Undoing runs
/// outside the lock, because an undo may call back.
/// </remarks>
internal sealed class UndoList(string owner)
{
    private readonly Lock _gate = new();
    private readonly Stack<(string What, Action Undo)> _entries = new(); // Guarded by: _gate
    private bool _closed; // Guarded by: _gate

    /// <summary>Adds an undo; false when the list has been closed, and the caller must undo by itself.</summary>
    public bool TryAdd(string what, Action undo)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _entries.Push((what, undo));
            }

            return !_closed;
        }
    }

    /// <summary>Refuses further entries; what is there stays until <see cref="Unwind"/>.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }

    /// <summary>
    /// Closes the list and undoes everything, newest first. A failing undo never keeps the others
    /// from running.
    /// </summary>
    /// <returns>One sentence for each undo that threw.</returns>
    public IReadOnlyList<string> Unwind()
    {
        Close();
        var failures = new List<string>();
        while (TryPop(out var what, out var undo))
        {
            try
            {
                undo();
            }
#pragma warning disable CA1031 // Module code may throw anything, and the rest must be undone all the same.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failures.Add($"Undoing '{what}' of {owner} failed: {e.Message}");
            }
        }

        return failures;
    }

    private bool TryPop(out string what, out Action undo)
    {
        lock (_gate)
        {
            var any = _entries.TryPop(out var entry);
            (what, undo) = entry;
            return any;
        }
    }
}
