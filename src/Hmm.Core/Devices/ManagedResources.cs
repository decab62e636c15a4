// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Uapi;

namespace Hmm.Core.Devices;

/// <summary>
/// What must be undone when a device goes or a set-up fails, newest first (Linux: devres). A group
/// is a list of its own that counts as one entry of its parent, from where it was opened:
/// <code>
///   OpenGroup -> Add, Add, ... -> Close    nothing more goes in; it stays to be undone with the parent
///                              -> Dissolve its entries become the parent's
///                              -> Release  undo it now, alone: the roll-back of a failed set-up
/// </code>
/// </summary>
/// <remarks>
/// Thread-safety: every member from any thread; undos run outside the lock, one after the other, on
/// the thread that releases. Every undo runs exactly once, whatever the others do.
/// Lock order: a group's gate before its parent's.
/// </remarks>
[ExportSymbol]
public sealed class ManagedResources
{
    /// <summary>
    /// The most entries of a list: a device that holds more than 65,536 acquisitions is leaking
    /// them.
    /// </summary>
    public const int EntriesMax = 1 << 16;

    private readonly Lock _gate = new();
    private readonly ManagedResources? _parent; // immutable
    private readonly List<Entry> _entries = []; // Guarded by: _gate
    private bool _closed; // Guarded by: _gate
    private bool _released; // Guarded by: _gate

    internal ManagedResources(string name, ManagedResources? parent = null)
    {
        Name = name;
        _parent = parent;
    }

    /// <summary>The device's or group's name.</summary>
    public string Name { get; }

    /// <summary>How many undos are registered, a group counting as one.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>
    /// What undos threw in the last release, newest acquisition first; empty when all went well.
    /// </summary>
    public IReadOnlyList<Exception> Failures { get; private set; } = []; // Guarded by: the releasing thread

    /// <summary>
    /// Registers the undo of an acquisition. If that fails the undo runs at once, so the
    /// acquisition never leaks (Linux: <c>devm_add_action_or_reset</c>).
    /// </summary>
    /// <param name="undo">What undoes it. Runs once.</param>
    /// <param name="name">What was acquired, for reports.</param>
    /// <exception cref="HmmException">
    /// ENODEV: the list is closed or its device was removed. ENOMEM: it has
    /// <see cref="EntriesMax"/> entries. If the undo then throws too, its exception is the inner
    /// one.
    /// </exception>
    public void Add(Action undo, string name)
    {
        ArgumentNullException.ThrowIfNull(undo);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (TryAdd(new Entry(name, undo, null), out var refusal))
        {
            return;
        }

        Exception? failure = null;
        try
        {
            undo();
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        var (errno, why) = refusal;
        throw new HmmException(
            errno,
            $"'{name}' was undone at once, because '{Name}' {why}" + (failure is null ? "" : "; the undo failed too"),
            failure);
    }

    /// <summary>
    /// Runs one undo now and forgets it (Linux: <c>devm_release_action</c>). False: it is not
    /// registered.
    /// </summary>
    /// <param name="undo">The same delegate that was registered; of equal ones, the newest.</param>
    public bool Undo(Action undo)
    {
        lock (_gate)
        {
            var index = _entries.FindLastIndex(entry => entry.Undo == undo);
            if (index < 0)
            {
                return false;
            }

            _entries.RemoveAt(index);
        }

        undo();
        return true;
    }

    /// <summary>Opens a group inside this list.</summary>
    /// <param name="name">What the group is for, for reports.</param>
    /// <exception cref="HmmException">ENODEV, ENOMEM: as <see cref="Add"/>.</exception>
    public ManagedResources OpenGroup(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var group = new ManagedResources($"{Name}: {name}", this);
        if (!TryAdd(new Entry(name, null, group), out var refusal))
        {
            throw new HmmException(refusal.Errno, $"the group '{name}' is refused, because '{Name}' {refusal.Why}");
        }

        return group;
    }

    /// <summary>
    /// Ends a group's set-up: nothing more goes in, and it is undone with its parent.
    /// </summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
        }
    }

    /// <summary>
    /// Puts a group's entries in its own place in the parent, and forgets the group (Linux:
    /// devres_remove_group).
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// It is a device's own list, or was released.
    /// </exception>
    public void Dissolve()
    {
        var parent = _parent ?? throw new InvalidOperationException($"'{Name}' is a device's own list, not a group.");
        lock (_gate)
        {
            lock (parent._gate)
            {
                var index = parent._entries.FindIndex(entry => entry.Group == this);
                if (_released || index < 0)
                {
                    throw new InvalidOperationException($"The group '{Name}' was released or dissolved before.");
                }

                parent._entries.RemoveAt(index);
                parent._entries.InsertRange(index, _entries);
            }

            _entries.Clear();
            _closed = true;
            _released = true;
        }
    }

    /// <summary>
    /// Undoes everything, newest first, and takes no more entries. An undo that throws does not
    /// stop the others. Calling it again does nothing.
    /// </summary>
    /// <exception cref="AggregateException">
    /// Undos threw; all others ran. The same exceptions stay in <see cref="Failures"/>.
    /// </exception>
    public void Release()
    {
        Entry[] entries;
        lock (_gate)
        {
            if (_released)
            {
                return;
            }

            _closed = true;
            _released = true;
            entries = [.. _entries];
            _entries.Clear();
        }

        _parent?.Forget(this);
        var failures = new List<Exception>();
        for (var i = entries.Length - 1; i >= 0; i--)
        {
            Run(entries[i], failures);
        }

        Failures = failures;
        if (failures.Count > 0)
        {
            throw new AggregateException($"{failures.Count} undos of '{Name}' failed; all others ran", failures);
        }
    }

    private static void Run(Entry entry, List<Exception> failures)
    {
        try
        {
            if (entry.Group is { } group)
            {
                group.Release();
            }
            else
            {
                entry.Undo!();
            }
        }
        catch (AggregateException exception) when (entry.Group is not null)
        {
            failures.AddRange(exception.InnerExceptions);
        }
        catch (Exception exception)
        {
            failures.Add(new InvalidOperationException($"The undo of '{entry.Name}' failed.", exception));
        }
    }

    private bool TryAdd(in Entry entry, out (Errno Errno, string Why) refusal)
    {
        lock (_gate)
        {
            refusal = (_closed, _entries.Count >= EntriesMax) switch
            {
                (true, _) => (Errno.ENODEV, "is closed or being removed"),
                (false, true) => (Errno.ENOMEM, $"has {EntriesMax} managed resources already; release some"),
                _ => default,
            };

            if (refusal.Errno != Errno.None)
            {
                return false;
            }

            _entries.Add(entry);
            return true;
        }
    }

    private void Forget(ManagedResources group)
    {
        lock (_gate)
        {
            var index = _entries.FindIndex(entry => entry.Group == group);
            if (index >= 0)
            {
                _entries.RemoveAt(index);
            }
        }
    }

    /// <summary>One undo, or one group.</summary>
    private readonly record struct Entry(string Name, Action? Undo, ManagedResources? Group);
}
