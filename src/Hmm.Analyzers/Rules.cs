// SPDX-License-Identifier: GPL-2.0-or-later
using Microsoft.CodeAnalysis;

namespace Hmm.Analyzers;

/// <summary>The diagnostics. Each has a page in docs/reference/analyzers.</summary>
internal static class Rules
{
    public static readonly DiagnosticDescriptor NoClass = Error(
        "HMM0001",
        "Exports",
        "A public declaration of the core has no export class",
        "'{0}' is public and so exported, but has no class: add [ExportSymbol] or [ExportSymbolGpl], or make it "
            + "internal");

    public static readonly DiagnosticDescriptor TwoClasses = Error(
        "HMM0002",
        "Exports",
        "A declaration has two export classes",
        "'{0}' is exported plainly and GPL-only: leave one of the two");

    public static readonly DiagnosticDescriptor WrapsGplOnly = Error(
        "HMM0003",
        "Exports",
        "A plain export wraps a GPL-only export",
        "'{0}' is exported plainly but wraps GPL-only '{1}' ({2}): export it GPL-only");

    public static readonly DiagnosticDescriptor WrapsUnexported = Error(
        "HMM0004",
        "Exports",
        "A plain export wraps an unexported function",
        "'{0}' is exported plainly but wraps '{1}', which another part of the core does not export ({2}): export "
            + "it GPL-only, or state a Justification");

    public static readonly DiagnosticDescriptor UsesGplOnly = Error(
        "HMM0005",
        "Modules",
        "A module uses a GPL-only export with a licence that is not GPL-compatible",
        "'{0}' is GPL-only and does not exist for this module: {1}");

    public static readonly DiagnosticDescriptor MissingNamespace = Error(
        "HMM0006",
        "Modules",
        "A module uses an export of a namespace that it does not import",
        "'{0}' cannot be used here: {1}");

    public static readonly DiagnosticDescriptor BadLicence = Rule(
        "HMM0007",
        "Modules",
        "A licence string looks like a misspelling of one of the six",
        "{0}; the module counts as proprietary",
        DiagnosticSeverity.Warning);

    public static readonly DiagnosticDescriptor NotExported = Error(
        "HMM0008",
        "Modules",
        "A module uses what another module does not export",
        "'{0}' is not exported by {1}: the loader would not find it");

    public static readonly DiagnosticDescriptor NotAModule = Error(
        "HMM0009",
        "Modules",
        "An assembly is not a complete module",
        "This assembly would not load as a module: {0}");

    private static DiagnosticDescriptor Error(string id, string category, string title, string message) =>
        Rule(id, category, title, message, DiagnosticSeverity.Error);

    private static DiagnosticDescriptor Rule(
        string id, string category, string title, string message, DiagnosticSeverity severity) =>
        new(
            id,
            title,
            message,
            category,
            severity,
            isEnabledByDefault: true,
            helpLinkUri: $"docs/reference/analyzers/{id}.md");
}
