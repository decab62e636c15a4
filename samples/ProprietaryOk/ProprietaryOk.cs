// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Physical;

[assembly: Module("Proprietary", "Example Corp.", "Uses plain exports only, so it loads, and taints the host")]

namespace ProprietaryOk;

/// <summary>
/// The sample is free software like the rest; the licence string above makes the loader treat it as a proprietary one.
/// </summary>
public sealed class ProprietaryOkModule : IModule
{
    public void Init(ModuleContext context)
    {
        context.OnExit("nothing in particular", () => context.Log("its managed resources are undone"));
        context.Log($"the frame at 1 GiB is {Pfn.FromAddress(1UL << 30)}");
    }

    public void Exit()
    {
    }
}
