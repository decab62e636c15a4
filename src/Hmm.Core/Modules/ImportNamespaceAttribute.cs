// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>
/// Imports an export namespace: without it a module that uses an export of that namespace is refused with
/// <see cref="Hmm.Uapi.Errno.EINVAL"/>. The counterpart of <c>MODULE_IMPORT_NS</c>.
/// </summary>
/// <param name="name">The namespace, as the export states it.</param>
[ExportSymbol]
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
public sealed class ImportNamespaceAttribute(string name) : Attribute
{
    /// <summary>The namespace.</summary>
    public string Name { get; } = name;
}
