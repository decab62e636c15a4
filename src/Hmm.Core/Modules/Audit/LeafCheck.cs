// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using System.Reflection.Metadata;
using Hmm.Core.Modules.Exports;
using Hmm.Core.Modules.Metadata;

namespace Hmm.Core.Modules.Audit;

/// <summary>
/// Checks that plain exports are leaves. A plain export wraps what its code reaches: GPL-only exports anywhere behind
/// it, and unexported functions of another part of the core. The parts are the namespaces below the root
/// (<c>Hmm.Core.Physical</c>, <c>Hmm.Core.Virtual</c>, ...): a function's own part may help it, the root's types are
/// support code for everyone, and reaching into another part's internals is what the promise excludes.
/// </summary>
internal sealed class LeafCheck
{
    private readonly MetadataImage _core; // Guarded by: owner thread
    private readonly MetadataUniverse _universe; // Guarded by: owner thread
    private readonly CallGraph _graph; // Guarded by: owner thread
    private readonly Dictionary<string, Export> _exports; // Guarded by: immutable

    public LeafCheck(MetadataImage core, MetadataUniverse universe, IReadOnlyList<Export> exports)
    {
        _core = core;
        _universe = universe;
        _graph = new CallGraph(universe, [core]);
        _exports = exports.ToDictionary(e => e.Symbol, StringComparer.Ordinal);
    }

    /// <summary>Checks one plain method or field; null when it is a leaf.</summary>
    public AuditFinding? Check(Export export, MemberDef member)
    {
        var part = PartOf(member.DeclaringType);
        var gplOnly = _graph.ShortestPaths(member, IsGplOnly, _ => false);
        var unexported = _graph.ShortestPaths(
            member, m => IsUnexportedElsewhere(m, part), m => _exports.ContainsKey(m.Symbol));
        var types = GplOnlyTypesOf(member);
        if (gplOnly.Count + unexported.Count + types.Count == 0)
        {
            return null;
        }

        List<string> evidence =
        [
            .. gplOnly.Select(p => $"GPL-only   {p[^1].Symbol}: {PathText.Of(p)}"),
            .. unexported.Select(p => $"unexported {p[^1].Symbol}: {PathText.Of(p)}"),
            .. types.Select(t => $"GPL-only   {t}: in the signature"),
        ];
        return gplOnly.Count + types.Count == 0 && export.Justification is { } reason
            ? new AuditFinding(
                AuditKind.Justified, export.Symbol, $"{export.Symbol} is plain because: {reason}", evidence)
            : new AuditFinding(
                AuditKind.NotALeaf, export.Symbol, Explain(export, gplOnly, unexported, types), evidence);
    }

    /// <summary>
    /// Whether a plain method lets its caller hook in: it takes an interface or a delegate of the
    /// core.
    /// </summary>
    public bool TakesHook(MemberDef member) => TypesOf(member).Any(t =>
        (t.Row.Attributes & TypeAttributes.Interface) != 0
        || t.Image.KeyOf(t.Row.BaseType)?.Name is "System.MulticastDelegate" or "System.Delegate");

    private static string Explain(
        Export export,
        IReadOnlyList<IReadOnlyList<MemberDef>> gplOnly,
        IReadOnlyList<IReadOnlyList<MemberDef>> unexported,
        List<string> types)
    {
        var wraps = new List<string>();
        if (gplOnly.Count > 0)
        {
            wraps.Add(Plural.Of(gplOnly.Count, "GPL-only export"));
        }

        if (unexported.Count > 0)
        {
            wraps.Add(Plural.Of(unexported.Count, "unexported function"));
        }

        var signature = types.Count == 0
            ? ""
            : $"{(wraps.Count > 0 ? ", and" : " it")} takes or returns {string.Join(", ", types)}, "
                + "which plain users cannot name";
        var reach = wraps.Count == 0 ? "" : $" it wraps {string.Join(" and ", wraps)}";
        return $"{export.Symbol} is exported plainly, which promises a stable, generic leaf function. "
            + $"It is none:{reach}{signature}. "
            + "Whoever may call it has all of these, whatever their own class says. "
            + "Export it GPL-only, or stop wrapping them.";
    }

    private bool IsGplOnly(MemberDef member) =>
        member.Image == _core
            && _exports.TryGetValue(member.Symbol, out var export)
            && export.Class == ExportClass.GplOnly;

    private bool IsUnexportedElsewhere(MemberDef member, string part)
    {
        if (member.Image != _core || !member.IsMethod || member.Image.IsVisible(member))
        {
            return false;
        }

        var type = member.DeclaringType;
        var generated = type.Name.Contains('<', StringComparison.Ordinal)
            || _core.Text(member.Method.Name).StartsWith('<');
        var other = PartOf(type);
        return !generated && other.Length > 0 && other != part;
    }

    /// <summary>
    /// The first namespace below the root: "Physical" of <c>Hmm.Core.Physical.Tables</c>; empty for
    /// the root itself.
    /// </summary>
    private string PartOf(TypeDef type)
    {
        var root = _core.Name + ".";
        var outer = type.Row;
        while (outer.GetDeclaringType() is { IsNil: false } next)
        {
            outer = _core.Metadata.GetTypeDefinition(next);
        }

        var space = _core.Text(outer.Namespace);
        return space.StartsWith(root, StringComparison.Ordinal) ? space[root.Length..].Split('.')[0] : "";
    }

    private List<string> GplOnlyTypesOf(MemberDef member) =>
        [
            .. TypesOf(member)
                .Select(t => t.Name)
                .Distinct()
                .Where(n => _exports.TryGetValue(n, out var e) && e.Class == ExportClass.GplOnly),
        ];

    private IReadOnlyList<TypeDef> TypesOf(MemberDef member) => SignatureTypes.Of(member, _universe);
}
