// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>
/// Declares a parameter of the module. It can be set when the module is loaded and is read from
/// <see cref="ModuleContext.Parameters"/>. The counterpart of <c>module_param</c> and <c>MODULE_PARM_DESC</c>.
/// </summary>
/// <param name="name">Its name, unique in the module.</param>
/// <param name="type">What its text must be.</param>
[ExportSymbol]
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
public sealed class ModuleParameterAttribute(string name, ModuleParameterType type) : Attribute
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>What its text must be.</summary>
    public ModuleParameterType Type { get; } = type;

    /// <summary>The value where none is given, as text; null makes the parameter mandatory.</summary>
    public string? Default { get; set; }

    /// <summary>One line for <c>hmm modules info</c>.</summary>
    public string? Description { get; set; }
}
