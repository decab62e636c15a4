// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Core.Migration;

/// <summary>What became of each page of one request to migrate, and how many are still on their way.</summary>
/// <remarks>Threads: any; each page is recorded once, by whoever owns it.</remarks>
internal sealed class MigrateResults
{
    private readonly long _first; // immutable
    private readonly Errno[] _errors; // Guarded by: the owner of the page, then the requester
    private long _open; // Guarded by: atomic

    /// <summary>Begins a request, every page undecided.</summary>
    public MigrateResults(long first, int count)
    {
        _first = first;
        _errors = new Errno[count];
        _open = count;
    }

    /// <summary>Whether every page is decided.</summary>
    public bool IsComplete => Volatile.Read(ref _open) == 0;

    /// <summary>By page: None, it moved; else why it did not. Complete first.</summary>
    public ReadOnlySpan<Errno> Errors => _errors;

    /// <summary>Takes back the first decision of its kind; false: there is none. Complete first.</summary>
    public bool TryReopen(Errno error, out long page)
    {
        var at = Array.IndexOf(_errors, error);
        page = _first + at;
        if (at < 0)
        {
            return false;
        }

        _errors[at] = Errno.None;
        Interlocked.Increment(ref _open);
        return true;
    }

    /// <summary>Decides about a page.</summary>
    public void Record(long page, Errno error)
    {
        _errors[page - _first] = error;
        var open = Interlocked.Decrement(ref _open);
        Corruption.Require(open >= 0, "a page of a request to migrate is decided once");
    }
}
