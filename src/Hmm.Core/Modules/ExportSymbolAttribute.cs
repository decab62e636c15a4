// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>
/// A plain export: any module may use it, whatever its licence. The promise is: stable, generic, a leaf. A function
/// that wraps a GPL-only or unexported one is none of these; <c>hmm exports audit</c> finds it. The counterpart of
/// Linux's <c>EXPORT_SYMBOL</c>.
/// </summary>
/// <remarks>
/// On a type it is the class of the type and of all its public members; a member may carry its own class instead. In
/// <c>Hmm.Core</c> every public member has exactly one class, and the build fails otherwise (HMM0001, HMM0002). In a
/// module only members that carry a class are exported.
/// </remarks>
[ExportSymbol]
[AttributeUsage(ExportTargets.All, Inherited = false)]
public sealed class ExportSymbolAttribute : Attribute
{
    /// <summary>
    /// The namespace that a module must import with <see cref="ImportNamespaceAttribute"/>, or null for none. Not
    /// related to the C# namespace. The counterpart of <c>EXPORT_SYMBOL_NS</c>.
    /// </summary>
    public string? Namespace { get; set; }

    /// <summary>
    /// Why a plain class is right although the function reaches unexported code of another part of the core. The audit
    /// accepts it and prints it. It never excuses reaching a GPL-only export.
    /// </summary>
    public string? Justification { get; set; }
}
