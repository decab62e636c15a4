// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Core.Modules.Exports;

/// <summary>
/// Every symbol that modules may use: the core's own exports and those of loaded modules, and who uses each.
/// </summary>
/// <remarks>
/// Owned by the loader. Invariant: a symbol has one owner. Thread-safety: none; the loader's lock guards it.
/// </remarks>
internal sealed class ExportTable
{
    private readonly Dictionary<string, Export> _exports = new(StringComparer.Ordinal); // Guarded by: the owner's lock
    private readonly Dictionary<string, SortedSet<string>> _consumers = new(
        StringComparer.Ordinal); // Guarded by: the owner's lock

    /// <summary>Every export with its consumers, by symbol.</summary>
    public IReadOnlyList<ExportUse> Snapshot() =>
        [.. _exports.Values
            .OrderBy(e => e.Symbol, StringComparer.Ordinal)
            .Select(e => new ExportUse(e, _consumers.TryGetValue(e.Symbol, out var users) ? [.. users] : []))];

    public bool TryFind(string symbol, out Export export) => _exports.TryGetValue(symbol, out export!);

    /// <summary>Checks that none of these symbols is exported by someone else.</summary>
    /// <exception cref="HmmException">
    /// <see cref="Errno.ENOEXEC"/>: some are; the message names all, with their owners.
    /// </exception>
    public void RequireNew(string owner, IEnumerable<Export> exports)
    {
        var own = new HashSet<string>(StringComparer.Ordinal);
        var duplicates = new List<string>();
        foreach (var export in exports)
        {
            if (_exports.TryGetValue(export.Symbol, out var other))
            {
                duplicates.Add($"{export.Symbol} (exported by {other.Owner})");
            }
            else if (!own.Add(export.Symbol))
            {
                duplicates.Add($"{export.Symbol} (twice in {owner})");
            }
        }

        if (duplicates.Count > 0)
        {
            throw new HmmException(
                Errno.ENOEXEC,
                $"Module {owner} exports {Plural.Of(duplicates.Count, "symbol")} that already exist: "
                    + $"{string.Join(", ", duplicates)}; rename them.");
        }
    }

    /// <summary>
    /// Adds exports. Call <see cref="RequireNew"/> first; adding a symbol twice is a defect of the
    /// caller.
    /// </summary>
    public void Add(IEnumerable<Export> exports)
    {
        foreach (var export in exports)
        {
            _exports.Add(export.Symbol, export);
        }
    }

    /// <summary>Removes what <paramref name="owner"/> exports and forgets what it uses.</summary>
    public void Remove(string owner)
    {
        foreach (var export in _exports.Values.Where(e => e.Owner == owner).ToArray())
        {
            _exports.Remove(export.Symbol);
            _consumers.Remove(export.Symbol);
        }

        foreach (var users in _consumers.Values)
        {
            users.Remove(owner);
        }
    }

    /// <summary>Notes that <paramref name="consumer"/> uses these exports.</summary>
    public void AddConsumer(string consumer, IEnumerable<Export> used)
    {
        foreach (var export in used)
        {
            if (!_consumers.TryGetValue(export.Symbol, out var users))
            {
                _consumers.Add(export.Symbol, users = new SortedSet<string>(StringComparer.Ordinal));
            }

            users.Add(consumer);
        }
    }
}
