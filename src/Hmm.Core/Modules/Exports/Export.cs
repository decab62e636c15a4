// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Exports;

/// <summary>A type or member that modules may use, and on what terms.</summary>
/// <param name="Symbol">
/// Its name in the table: <c>Namespace.Type</c> or <c>Namespace.Type.Member(Parameters)</c>.
/// </param>
/// <param name="Owner">The assembly that exports it.</param>
/// <param name="Class">The class that its author gave it.</param>
/// <param name="Namespace">The export namespace to import, or null.</param>
/// <param name="AllowedModules">The only modules that may use it; empty for all.</param>
/// <param name="Version">A CRC-32 of its whole signature: it changes when compiled users would no longer bind.</param>
/// <param name="Unit">The symbol that carries the class attribute: itself, its property or its type.</param>
/// <param name="Justification">The author's reason for a plain class, or null.</param>
internal sealed record Export(
    string Symbol,
    string Owner,
    ExportClass Class,
    string? Namespace,
    IReadOnlyList<string> AllowedModules,
    uint Version,
    string Unit,
    string? Justification)
{
    /// <summary>
    /// For a plain export of a module that wraps a GPL-only export of someone else: the path to it. Null otherwise.
    /// </summary>
    public string? Wraps { get; init; }

    /// <summary>The class that the gate uses: what wraps a GPL-only export is GPL-only, whatever it says.</summary>
    public ExportClass EffectiveClass => Wraps is null ? Class : ExportClass.GplOnly;
}
