// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>
/// Makes an assembly a module. Exactly one must stand in the assembly, next to exactly one public
/// <see cref="IModule"/>. Its name is the assembly's name. The counterpart of <c>MODULE_LICENSE</c>,
/// <c>MODULE_AUTHOR</c>, <c>MODULE_DESCRIPTION</c> and <c>MODULE_VERSION</c>.
/// </summary>
[ExportSymbol]
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class ModuleAttribute : Attribute
{
    /// <summary>States what the module is.</summary>
    /// <param name="license">
    /// Six strings count as GPL-compatible, by exact spelling: "GPL", "GPL v2", "GPL and additional rights",
    /// "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL". Any other is proprietary: GPL-only exports do not exist for it.
    /// </param>
    /// <param name="author">Who to write to.</param>
    /// <param name="description">One line: what the module does.</param>
    /// <param name="contract">
    /// Leave it out: the compiler fills in the version that the module is compiled against.
    /// </param>
    public ModuleAttribute(string license, string author, string description, int contract = ModuleContract.Version)
    {
        License = license;
        Author = author;
        Description = description;
        Contract = contract;
    }

    /// <summary>The licence string.</summary>
    public string License { get; }

    /// <summary>Who to write to.</summary>
    public string Author { get; }

    /// <summary>What the module does.</summary>
    public string Description { get; }

    /// <summary>The <see cref="ModuleContract.Version"/> that the module was compiled against.</summary>
    public int Contract { get; }

    /// <summary>The module's own version, for people; the loader compares nothing with it.</summary>
    public string? Version { get; set; }
}
