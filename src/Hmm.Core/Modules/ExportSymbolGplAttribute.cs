// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>
/// A GPL-only export: it exists only for modules whose licence is one of the six GPL-compatible ones. For what reaches
/// into memory management: producing page maps, device memory with its fault and free hooks, notifiers, exclusive
/// access, policies. The counterpart of Linux's <c>EXPORT_SYMBOL_GPL</c>; where it may stand, see
/// <see cref="ExportSymbolAttribute"/>.
/// </summary>
[ExportSymbol]
[AttributeUsage(ExportTargets.All, Inherited = false)]
public sealed class ExportSymbolGplAttribute : Attribute
{
    /// <summary>
    /// The namespace that a module must import, or null. The counterpart of
    /// <c>EXPORT_SYMBOL_NS_GPL</c>.
    /// </summary>
    public string? Namespace { get; set; }

    /// <summary>
    /// The names of the only modules that may use it, comma-separated, or null for all GPL-compatible ones. The
    /// counterpart of <c>EXPORT_SYMBOL_FOR_MODULES</c>. Excludes <see cref="Namespace"/>.
    /// </summary>
    public string? AllowedModules { get; set; }
}
