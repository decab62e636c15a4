// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

[assembly: Module("Proprietary", "Example Corp.", "Reaches for a GPL-only export through a shim, so it is refused")]

namespace ProprietaryThroughShim;

/// <summary>It names nothing of the core that is GPL-only, only the shim's plain export.</summary>
public sealed class ProprietaryThroughShimModule : IModule
{
    public void Init(ModuleContext context) => GplShim.Shim.Complete(context);

    public void Exit()
    {
    }
}
