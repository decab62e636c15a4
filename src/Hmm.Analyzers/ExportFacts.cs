// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace Hmm.Analyzers;

/// <summary>
/// What the compiler knows about exports in one compilation: the same rules as the loader's, on symbols instead of
/// metadata.
/// </summary>
internal sealed class ExportFacts
{
    private const string Prefix = "Hmm.Core.Modules.";

    private readonly Compilation _compilation;
    private readonly INamedTypeSymbol _plain;
    private readonly INamedTypeSymbol _gplOnly;
    private readonly INamedTypeSymbol _module;

    private ExportFacts(
        Compilation compilation,
        INamedTypeSymbol plain,
        INamedTypeSymbol gplOnly,
        INamedTypeSymbol module,
        INamedTypeSymbol entry)
    {
        _compilation = compilation;
        _plain = plain;
        _gplOnly = gplOnly;
        _module = module;
        Entry = entry;
        Core = plain.ContainingAssembly;
        ModuleAttributes = compilation.Assembly.GetAttributes().Where(a => Is(a, _module)).ToImmutableArray();
        Imports = compilation.Assembly.GetAttributes()
            .Where(a => a.AttributeClass?.ToDisplayString() == Prefix + "ImportNamespaceAttribute")
            .Select(a => TextAt(a, 0) ?? "")
            .ToImmutableHashSet();
    }

    /// <summary>The interface <c>IModule</c>.</summary>
    public INamedTypeSymbol Entry { get; }

    /// <summary>The assembly that defines the attributes.</summary>
    public IAssemblySymbol Core { get; }

    public bool IsCore => SymbolEqualityComparer.Default.Equals(Core, _compilation.Assembly);

    /// <summary>The <c>[assembly: Module]</c> attributes of this compilation.</summary>
    public ImmutableArray<AttributeData> ModuleAttributes { get; }

    public bool IsModule => !IsCore && ModuleAttributes.Length > 0;

    /// <summary>The name of the assembly that is being compiled.</summary>
    public string ModuleName => _compilation.Assembly.Name;

    /// <summary>The licence string of this module.</summary>
    public string Licence => ModuleAttributes.Length == 0 ? "" : TextAt(ModuleAttributes[0], 0) ?? "";

    /// <summary>The export namespaces that this module imports.</summary>
    public ImmutableHashSet<string> Imports { get; }

    /// <summary>Null where the compilation does not reference the core.</summary>
    public static ExportFacts? Of(Compilation compilation)
    {
        INamedTypeSymbol? Find(string name) => compilation.GetTypeByMetadataName(Prefix + name);
        return Find("ExportSymbolAttribute") is { } plain
            && Find("ExportSymbolGplAttribute") is { } gplOnly
            && Find("ModuleAttribute") is { } module
            && Find("IModule") is { } entry
                ? new ExportFacts(compilation, plain, gplOnly, module, entry)
                : null;
    }

    /// <summary>Whether the gate stands before an assembly: the core, or another module.</summary>
    public bool IsGated(IAssemblySymbol? assembly) =>
        assembly is not null
        && !SymbolEqualityComparer.Default.Equals(assembly, _compilation.Assembly)
        && (SymbolEqualityComparer.Default.Equals(assembly, Core) || assembly.GetAttributes().Any(a => Is(a, _module)));

    /// <summary>
    /// The attribute that says a symbol's class: its own, its property's, its type's; null if there
    /// is none.
    /// </summary>
    public AttributeData? ClassOf(ISymbol symbol)
    {
        for (var at = symbol.OriginalDefinition; at is not null and not INamespaceSymbol; at = Outer(at))
        {
            if (at.GetAttributes().FirstOrDefault(IsClass) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    public bool IsPlain(ISymbol symbol) => ClassOf(symbol) is { } found && Is(found, _plain);

    public bool IsGplOnly(ISymbol symbol) => ClassOf(symbol) is { } found && IsGplOnly(found);

    public bool IsGplOnly(AttributeData attribute) => Is(attribute, _gplOnly);

    public bool HasTwoClasses(ISymbol symbol) => symbol.GetAttributes().Count(IsClass) > 1;

    /// <summary>Whether another assembly can see a symbol.</summary>
    public static bool IsVisible(ISymbol symbol)
    {
        for (var at = symbol; at is not null and not INamespaceSymbol; at = at.ContainingSymbol)
        {
            if (at.DeclaredAccessibility is not (
                Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal))
            {
                return false;
            }
        }

        return true;
    }

    public static string? TextAt(AttributeData attribute, int index) =>
        index < attribute.ConstructorArguments.Length ? attribute.ConstructorArguments[index].Value as string : null;

    public static string? Named(AttributeData attribute, string name) =>
        attribute.NamedArguments.FirstOrDefault(a => a.Key == name).Value.Value as string;

    private static ISymbol? Outer(ISymbol symbol) =>
        symbol is IMethodSymbol { AssociatedSymbol: { } owner } ? owner : symbol.ContainingType;

    private bool IsClass(AttributeData attribute) => Is(attribute, _plain) || Is(attribute, _gplOnly);

    private static bool Is(AttributeData attribute, INamedTypeSymbol type) =>
        SymbolEqualityComparer.Default.Equals(attribute.AttributeClass, type);
}
