// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Modules.Loading;

/// <summary>
/// One use of a module; while it lasts the module cannot be unloaded. Disposing it twice counts
/// once.
/// </summary>
internal sealed class ModuleUse(LoadedModule module, string user) : IDisposable
{
    private int _released; // Guarded by: atomic

    public string Module => module.Name;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0)
        {
            module.Release(user);
        }
    }
}
