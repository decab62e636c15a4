// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Immutable;
using Hmm.Core.Modules.Exports;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Hmm.Analyzers;

/// <summary>
/// The licence gate at build time: what a module's source names must exist for it (HMM0005 to
/// HMM0009).
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ModuleAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        ImmutableArray.Create(
            Rules.UsesGplOnly, Rules.MissingNamespace, Rules.BadLicence, Rules.NotExported, Rules.NotAModule);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(
            GeneratedCodeAnalysisFlags.Analyze | GeneratedCodeAnalysisFlags.ReportDiagnostics);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(Start);
    }

    private static void Start(CompilationStartAnalysisContext start)
    {
        if (ExportFacts.Of(start.Compilation) is not { IsCore: false } facts)
        {
            return;
        }

        if (facts.IsModule)
        {
            // Every use of a name is an identifier; new(), base(...) and indexers name their member without one.
            start.RegisterSyntaxNodeAction(
                node => CheckNode(node, facts),
                SyntaxKind.IdentifierName,
                SyntaxKind.GenericName,
                SyntaxKind.ObjectCreationExpression,
                SyntaxKind.ImplicitObjectCreationExpression,
                SyntaxKind.BaseConstructorInitializer,
                SyntaxKind.ElementAccessExpression);
            start.RegisterSymbolAction(symbol => CheckOverride(symbol, facts), SymbolKind.Method);
            start.RegisterSymbolAction(symbol => CheckInterfaces(symbol, facts), SymbolKind.NamedType);
        }

        start.RegisterCompilationEndAction(end => CheckAssembly(end, facts));
    }

    private static void CheckNode(SyntaxNodeAnalysisContext context, ExportFacts facts)
    {
        var symbol = context.SemanticModel.GetSymbolInfo(context.Node, context.CancellationToken).Symbol;
        if (symbol is IPropertySymbol property)
        {
            symbol = (IsWritten(context.Node) ? property.SetMethod : property.GetMethod) ?? symbol;
        }

        if (symbol is INamedTypeSymbol or IMethodSymbol or IPropertySymbol or IFieldSymbol or IEventSymbol)
        {
            Check(symbol, facts, context.Node.GetLocation(), context.ReportDiagnostic);
        }
    }

    private static bool IsWritten(SyntaxNode node)
    {
        var whole = node.Parent is MemberAccessExpressionSyntax access && access.Name == node ? access : node;
        return whole.Parent is AssignmentExpressionSyntax assignment && assignment.Left == whole;
    }

    private static void CheckOverride(SymbolAnalysisContext context, ExportFacts facts)
    {
        if (context.Symbol is IMethodSymbol { OverriddenMethod: { } overridden } method)
        {
            Check(overridden, facts, method.Locations[0], context.ReportDiagnostic);
        }
    }

    private static void CheckInterfaces(SymbolAnalysisContext context, ExportFacts facts)
    {
        var type = (INamedTypeSymbol)context.Symbol;
        foreach (var member in type.AllInterfaces.SelectMany(i => i.GetMembers()).OfType<IMethodSymbol>())
        {
            Check(member, facts, type.Locations[0], context.ReportDiagnostic);
        }
    }

    private static void Check(ISymbol symbol, ExportFacts facts, Location location, Action<Diagnostic> report)
    {
        if (!facts.IsGated(symbol.ContainingAssembly))
        {
            return;
        }

        var name = symbol.ToDisplayString();
        if (facts.ClassOf(symbol) is not { } found || !ExportFacts.IsVisible(symbol))
        {
            report(Diagnostic.Create(Rules.NotExported, location, name, symbol.ContainingAssembly.Name));
        }
        else if (facts.IsGplOnly(found) && !Licence.IsGplCompatible(facts.Licence))
        {
            report(Diagnostic.Create(Rules.UsesGplOnly, location, name, Licence.Explain(facts.Licence)));
        }
        else if (NamespaceProblem(found, facts) is { } problem)
        {
            report(Diagnostic.Create(Rules.MissingNamespace, location, name, problem));
        }
    }

    private static string? NamespaceProblem(AttributeData found, ExportFacts facts)
    {
        if (ExportFacts.Named(found, "AllowedModules") is { } modules)
        {
            return modules.Split(',').Any(m => m.Trim() == facts.ModuleName)
                ? null
                : $"it is exported to {modules} only";
        }

        return ExportFacts.Named(found, "Namespace") is { } space && !facts.Imports.Contains(space)
            ? $"add [assembly: ImportNamespace(\"{space}\")]"
            : null;
    }

    private static void CheckAssembly(CompilationAnalysisContext context, ExportFacts facts)
    {
        var entries = Types(context.Compilation.Assembly.GlobalNamespace)
            .Where(t => !t.IsAbstract && t.TypeKind is TypeKind.Class or TypeKind.Struct
                && t.AllInterfaces.Contains(facts.Entry, SymbolEqualityComparer.Default))
            .ToList();
        if (facts.IsModule)
        {
            var location = facts.ModuleAttributes[0].ApplicationSyntaxReference is { } syntax
                ? Location.Create(syntax.SyntaxTree, syntax.Span)
                : Location.None;
            if (Licence.Suggest(facts.Licence) is not null)
            {
                context.ReportDiagnostic(Diagnostic.Create(Rules.BadLicence, location, Licence.Explain(facts.Licence)));
            }

            if (entries.Count != 1)
            {
                var problem = entries.Count == 0
                    ? "none of its classes implements IModule"
                    : "more than one of its classes implements IModule";
                context.ReportDiagnostic(Diagnostic.Create(Rules.NotAModule, location, problem));
            }
        }
        else if (entries.Count > 0)
        {
            context.ReportDiagnostic(Diagnostic.Create(
                Rules.NotAModule,
                entries[0].Locations[0],
                "it has no [assembly: Module(license, author, description)]"));
        }
    }

    private static IEnumerable<INamedTypeSymbol> Types(INamespaceOrTypeSymbol root)
    {
        var open = new Stack<INamespaceOrTypeSymbol>();
        open.Push(root);
        while (open.Count > 0)
        {
            foreach (var member in open.Pop().GetMembers().OfType<INamespaceOrTypeSymbol>())
            {
                open.Push(member);
                if (member is INamedTypeSymbol type)
                {
                    yield return type;
                }
            }
        }
    }
}
