// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>
/// The version of the contract between the core and its modules. A module is compiled against one version and is
/// loaded by that version only. The counterpart of Linux's <c>vermagic</c>.
/// </summary>
internal static class ModuleContract
{
    /// <summary>
    /// The version of this core. It rises with every change that a compiled module could notice: an export removed,
    /// its signature or meaning changed. Being a constant it is copied into a module when the module is compiled.
    /// </summary>
    public const int Version = 1;
}
