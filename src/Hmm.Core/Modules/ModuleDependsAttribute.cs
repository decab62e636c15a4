// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>
/// Names a module that must be loaded first. Modules whose exports are referenced in code need no such line; this one
/// is for a dependency that the metadata does not show. The counterpart of <c>MODULE_SOFTDEP("pre:
/// ...")</c>, made firm.
/// </summary>
/// <param name="name">The other module's name: its assembly's name.</param>
[ExportSymbol]
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
public sealed class ModuleDependsAttribute(string name) : Attribute
{
    /// <summary>The other module's name.</summary>
    public string Name { get; } = name;
}
