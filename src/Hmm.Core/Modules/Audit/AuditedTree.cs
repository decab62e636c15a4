// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules.Exports;
using Hmm.Core.Modules.Metadata;

namespace Hmm.Core.Modules.Audit;

/// <summary>The assemblies around the audited one: who they are, and what they use of it.</summary>
internal sealed class AuditedTree
{
    private readonly List<Member> _members = []; // Guarded by: owner thread

    /// <param name="core">The audited assembly.</param>
    /// <param name="tree">Every assembly that may use it: modules, the host, tests.</param>
    public AuditedTree(MetadataImage core, IReadOnlyList<MetadataImage> tree)
    {
        Universe = new MetadataUniverse([core, .. tree]);
        foreach (var image in tree)
        {
            var own = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { image.Name };
            var symbols = ReferenceCollector.Collect(image, Universe, own, new HashSet<string>()).Symbols;
            _members.Add(
                new Member(image, LicenceOf(image), symbols.Select(s => s.Symbol).ToHashSet(StringComparer.Ordinal)));
        }
    }

    public MetadataUniverse Universe { get; }

    public bool IsEmpty => _members.Count == 0;

    /// <summary>The modules among them: the assemblies that state a licence.</summary>
    public IEnumerable<MetadataImage> Modules => _members.Where(m => m.Licence is not null).Select(m => m.Image);

    /// <summary>The names of the assemblies that use a symbol.</summary>
    public IReadOnlyList<string> UsersOf(string symbol) =>
        [.. _members.Where(m => m.Symbols.Contains(symbol)).Select(m => m.Image.Name)];

    /// <summary>Those that use a symbol and are modules of a licence that is not GPL-compatible.</summary>
    public IReadOnlyList<string> ProprietaryUsersOf(string symbol) =>
        [.. _members.Where(m => m.IsProprietary && m.Symbols.Contains(symbol)).Select(m => m.Image.Name)];

    private static string? LicenceOf(MetadataImage image) =>
        AttributeReader.ReadAll(image, image.Metadata.GetAssemblyDefinition().GetCustomAttributes())
            .FirstOrDefault(a => a.Type.Name == typeof(ModuleAttribute).FullName)?.TextAt(0);

    private sealed record Member(MetadataImage Image, string? Licence, HashSet<string> Symbols)
    {
        public bool IsProprietary => Licence is not null && !Exports.Licence.IsGplCompatible(Licence);
    }
}
