// SPDX-License-Identifier: GPL-2.0-or-later
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace Hmm.Analyzers;

/// <summary>
/// In the core public means exported, and every export has exactly one class (HMM0001, HMM0002). Members have their
/// type's class, so a type without one is reported once, not with each of its members.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ExportClassAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        ImmutableArray.Create(Rules.NoClass, Rules.TwoClasses);

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(
            GeneratedCodeAnalysisFlags.Analyze | GeneratedCodeAnalysisFlags.ReportDiagnostics);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(start =>
        {
            if (ExportFacts.Of(start.Compilation) is { } facts)
            {
                start.RegisterSymbolAction(
                    symbol => Check(symbol, facts),
                    SymbolKind.NamedType,
                    SymbolKind.Method,
                    SymbolKind.Property,
                    SymbolKind.Field,
                    SymbolKind.Event);
            }
        });
    }

    private static void Check(SymbolAnalysisContext context, ExportFacts facts)
    {
        var symbol = context.Symbol;
        if (facts.HasTwoClasses(symbol))
        {
            context.ReportDiagnostic(
                Diagnostic.Create(Rules.TwoClasses, symbol.Locations[0], symbol.ToDisplayString()));
        }

        if (facts.IsCore
            && symbol is INamedTypeSymbol
            && ExportFacts.IsVisible(symbol)
            && facts.ClassOf(symbol) is null)
        {
            context.ReportDiagnostic(Diagnostic.Create(Rules.NoClass, symbol.Locations[0], symbol.ToDisplayString()));
        }
    }
}
