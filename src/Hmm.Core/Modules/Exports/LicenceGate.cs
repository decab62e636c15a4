// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules.Metadata;
using Hmm.Uapi;

namespace Hmm.Core.Modules.Exports;

/// <summary>
/// Decides whether a module may use what it refers to. The rules are those of Linux's module loader
/// (<c>facts/linux-hmm.md</c> 1.16): to a module that is not GPL-compatible GPL-only exports are not forbidden but
/// invisible; whoever uses exports of a proprietary module becomes one, and may not if it uses GPL-only exports too.
/// </summary>
/// <remarks>Pure: it reads the table and changes nothing, so <c>hmm modules info</c> can ask it as well.</remarks>
internal static class LicenceGate
{
    /// <summary>Judges a module.</summary>
    /// <exception cref="HmmException">
    /// <see cref="Errno.EPERM"/>: it goes around access checks. <see cref="Errno.ENOENT"/>: symbols
    /// do not exist for it.
    /// <see cref="Errno.EINVAL"/>: it does not import a namespace, or is not on an export's list.
    /// The message holds every
    /// finding of every kind.
    /// </exception>
    public static GateAnswer Judge(ExportTable table, GateQuestion question)
    {
        var compatible = Licence.IsGplCompatible(question.License);
        var used = new List<Export>();
        var unresolved = new List<string>();
        var namespaces = new List<string>();
        var proprietaryOwners = new SortedSet<string>(StringComparer.Ordinal);
        var references = question.References.OrderBy(r => r.Symbol, StringComparer.Ordinal).ToList();
        foreach (var reference in references)
        {
            if (reference.State == ReferenceState.Visible && table.TryFind(reference.Symbol, out var export))
            {
                if ((question.TaintOf(export.Owner) & Taint.Proprietary) != 0)
                {
                    proprietaryOwners.Add(export.Owner);
                }

                used.Add(export);
            }
            else
            {
                unresolved.Add(WhyAbsent(reference));
            }
        }

        var gplOnly = used.FirstOrDefault(e => e.EffectiveClass == ExportClass.GplOnly);
        foreach (var export in used)
        {
            if (export.EffectiveClass == ExportClass.GplOnly && !compatible)
            {
                unresolved.Add(WhyInvisible(export));
            }
            else if (compatible && gplOnly is not null && proprietaryOwners.Contains(export.Owner))
            {
                unresolved.Add(
                    $"{export.Symbol} (of proprietary module {export.Owner}, which a module that uses GPL-only "
                        + "exports may not use)");
            }
            else if (NamespaceProblem(question, export) is { } problem)
            {
                namespaces.Add(problem);
            }
        }

        ThrowIfRefused(question, unresolved, namespaces);
        var (taint, reason) = TaintFor(question, compatible, proprietaryOwners);
        return new GateAnswer(used, taint, reason);
    }

    private static (Taint Taint, string? Reason) TaintFor(
        GateQuestion question, bool compatible, SortedSet<string> proprietaryOwners)
    {
        if (!compatible)
        {
            return (Taint.Proprietary, $"{Licence.Explain(question.License)}.");
        }

        return proprietaryOwners.Count == 0
            ? (Taint.None, null)
            : (Taint.Proprietary, $"it uses exports of proprietary {string.Join(", ", proprietaryOwners)}.");
    }

    private static string WhyAbsent(SymbolReference reference) => reference.State switch
    {
        ReferenceState.Hidden => $"{reference.Symbol} (internal to {reference.Owner})",
        ReferenceState.Missing =>
            $"{reference.Symbol} ({reference.Owner} has no such symbol; was the module compiled against another "
                + "version?)",
        _ => $"{reference.Symbol} (not exported by {reference.Owner})",
    };

    private static string WhyInvisible(Export export) => export.Wraps is null
        ? $"{export.Symbol} (GPL-only)"
        : $"{export.Symbol} (GPL-only, because it wraps a GPL-only export: {export.Wraps})";

    private static string? NamespaceProblem(GateQuestion question, Export export)
    {
        if (export.AllowedModules.Count > 0)
        {
            return export.AllowedModules.Contains(question.Module, StringComparer.Ordinal)
                ? null
                : $"{export.Symbol} is exported to {string.Join(", ", export.AllowedModules)} only";
        }

        return export.Namespace is null || question.Imports.Contains(export.Namespace)
            ? null
            : $"{export.Symbol} needs [assembly: ImportNamespace(\"{export.Namespace}\")]";
    }

    private static void ThrowIfRefused(GateQuestion question, List<string> unresolved, List<string> namespaces)
    {
        var parts = new List<string>();
        if (question.Bypasses.Count > 0)
        {
            parts.Add($"{string.Join("; ", question.Bypasses)}: modules use exports only");
        }

        if (unresolved.Count > 0)
        {
            parts.Add($"{Plural.Of(unresolved.Count, "unresolved symbol")}: {string.Join(", ", unresolved)}");
            if (!Licence.IsGplCompatible(question.License))
            {
                parts.Add($"{Licence.Explain(question.License)}, so GPL-only exports do not exist for it");
            }
        }

        if (namespaces.Count > 0)
        {
            parts.Add(string.Join(", ", namespaces));
        }

        if (parts.Count > 0)
        {
            var errno = question.Bypasses.Count > 0 ? Errno.EPERM : unresolved.Count > 0 ? Errno.ENOENT : Errno.EINVAL;
            throw new HmmException(errno, $"Module {question.Module} is refused: {string.Join("; ", parts)}.");
        }
    }
}
