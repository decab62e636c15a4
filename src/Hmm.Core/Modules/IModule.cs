// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules;

/// <summary>
/// The entry of a module. The loader creates it with its public parameterless constructor after every reference of the
/// module has been resolved. The counterpart of <c>module_init</c> and <c>module_exit</c>.
/// </summary>
/// <remarks>
/// Both methods run on a thread of the loader, one after the other, and have a deadline (10 seconds by default).
/// </remarks>
[ExportSymbol]
public interface IModule
{
    /// <summary>
    /// Starts the module: acquires what it needs and registers its drivers. Whatever is registered with
    /// <see cref="ModuleContext.OnExit"/> is undone newest first, when this throws as well as when the module is
    /// unloaded.
    /// </summary>
    /// <param name="context">The module's parameters and its registrations; valid until the module is unloaded.</param>
    void Init(ModuleContext context);

    /// <summary>
    /// Ends the module. Called only when nobody uses it any more, and before its managed resources are undone.
    /// </summary>
#pragma warning disable CA1716 // `Exit` is a keyword of Visual Basic only, and the field's own word (module_exit).
    void Exit();
#pragma warning restore CA1716
}
