// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection.Metadata;
using Hmm.Core.Modules.Exports;
using Hmm.Core.Modules.Metadata;

namespace Hmm.Core.Modules.Audit;

/// <summary>
/// The exports that the tree uses. An export is one attribute: what stands under a type's class is used together. Used
/// is what an assembly of the tree refers to, what the signature of a used export names (the compiler demands that it
/// is as public), and an attribute that the core itself carries.
/// </summary>
internal sealed class UsedUnits
{
    private readonly MetadataImage _core; // Guarded by: owner thread
    private readonly MetadataUniverse _universe; // Guarded by: owner thread
    private readonly Dictionary<string, Export> _exports; // Guarded by: immutable
    private readonly HashSet<string> _used = new(StringComparer.Ordinal); // Guarded by: owner thread
    private readonly Queue<string> _open = new(); // Guarded by: owner thread

    private UsedUnits(MetadataImage core, IReadOnlyList<Export> exports, MetadataUniverse universe)
    {
        _core = core;
        _universe = universe;
        _exports = exports.ToDictionary(export => export.Symbol, StringComparer.Ordinal);
    }

    /// <summary>Finds them: the symbols that carry their class attributes.</summary>
    public static IReadOnlySet<string> Find(MetadataImage core, IReadOnlyList<Export> exports, AuditedTree tree)
    {
        var units = new UsedUnits(core, exports, tree.Universe);
        foreach (var export in exports.Where(export => tree.UsersOf(export.Symbol).Count > 0))
        {
            units.Add(export.Unit);
        }

        foreach (var handle in core.Metadata.CustomAttributes)
        {
            units.Add(AttributeReader.Read(core, core.Metadata.GetCustomAttribute(handle)).Type.Name);
        }

        units.Close();
        return units._used;
    }

    private void Add(string unit)
    {
        if (_used.Add(unit))
        {
            _open.Enqueue(unit);
        }
    }

    private void Close()
    {
        var members = _core.Metadata.MethodDefinitions.Select(handle => new MemberDef(_core, handle))
            .Concat(_core.Metadata.FieldDefinitions.Select(handle => new MemberDef(_core, handle)))
            .Where(member => _core.IsVisible(member) && _exports.ContainsKey(member.Symbol))
            .ToLookup(member => _exports[member.Symbol].Unit, StringComparer.Ordinal);
        while (_open.TryDequeue(out var unit))
        {
            foreach (var type in members[unit].SelectMany(member => SignatureTypes.Of(member, _universe)))
            {
                if (_exports.TryGetValue(type.Name, out var export))
                {
                    Add(export.Unit);
                }
            }
        }
    }
}
