// SPDX-License-Identifier: GPL-2.0-or-later
using System.Reflection;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Hmm.Tidy.Tests.Rules;

/// <summary>
/// The public members of an assembly as text, one a line, sorted: a change of what others depend on
/// shows in review.
/// </summary>
public static class PublicSurface
{
    private static readonly SymbolDisplayFormat Format = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypesAndNamespaces,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters
            | SymbolDisplayGenericsOptions.IncludeTypeConstraints | SymbolDisplayGenericsOptions.IncludeVariance,
        memberOptions: SymbolDisplayMemberOptions.IncludeParameters | SymbolDisplayMemberOptions.IncludeType
            | SymbolDisplayMemberOptions.IncludeModifiers | SymbolDisplayMemberOptions.IncludeConstantValue
            | SymbolDisplayMemberOptions.IncludeRef,
        parameterOptions: SymbolDisplayParameterOptions.IncludeType | SymbolDisplayParameterOptions.IncludeName
            | SymbolDisplayParameterOptions.IncludeDefaultValue | SymbolDisplayParameterOptions.IncludeParamsRefOut,
        propertyStyle: SymbolDisplayPropertyStyle.ShowReadWriteDescriptor,
        kindOptions: SymbolDisplayKindOptions.IncludeTypeKeyword,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.UseSpecialTypes
            | SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    /// <summary>Describes an assembly, loaded from where it was built.</summary>
    public static string Of(Assembly assembly)
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(path => path != assembly.Location)
            .Select(path => MetadataReference.CreateFromFile(path));
        var target = MetadataReference.CreateFromFile(assembly.Location);
        var compilation = CSharpCompilation.Create("surface", references: references.Append(target));
        return Of((IAssemblySymbol)compilation.GetAssemblyOrModuleSymbol(target)!);
    }

    /// <summary>Describes the assembly of a symbol.</summary>
    public static string Of(IAssemblySymbol assembly)
    {
        var lines = new SortedSet<string>(StringComparer.Ordinal);
        var waiting = new Stack<INamespaceOrTypeSymbol>([assembly.GlobalNamespace]);
        while (waiting.TryPop(out var container))
        {
            foreach (var member in container.GetMembers().Where(IsVisible))
            {
                if (member is INamespaceOrTypeSymbol inner)
                {
                    waiting.Push(inner);
                }

                if (member is not INamespaceSymbol)
                {
                    var owner = member is INamedTypeSymbol ? "" : container.ToDisplayString() + ": ";
                    lines.Add(owner + member.ToDisplayString(Format) + BasesOf(member));
                }
            }
        }

        return new StringBuilder().AppendJoin('\n', lines).Append('\n').ToString();
    }

    private static bool IsVisible(ISymbol symbol) => symbol switch
    {
        INamespaceSymbol => true,
        // Their property or event stands for accessors; every structure and enumeration has its
        // default constructor.
        IMethodSymbol { AssociatedSymbol: not null } => false,
        IMethodSymbol { MethodKind: MethodKind.Constructor, Parameters.Length: 0, ContainingType.IsValueType: true }
            => false,
        _ => symbol.DeclaredAccessibility
            is Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal,
    };

    private static string BasesOf(ISymbol symbol)
    {
        if (symbol is not INamedTypeSymbol { TypeKind: not (TypeKind.Enum or TypeKind.Delegate) } type)
        {
            return "";
        }

        var bases = type.Interfaces.Select(face => face.ToDisplayString(Format)).Order(StringComparer.Ordinal).ToList();
        if (type.BaseType is { SpecialType: not (SpecialType.System_Object or SpecialType.System_ValueType) } parent)
        {
            bases.Insert(0, parent.ToDisplayString(Format));
        }

        return bases.Count == 0 ? "" : " : " + string.Join(", ", bases);
    }
}
