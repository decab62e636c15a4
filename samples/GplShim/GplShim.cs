// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Modules;

[assembly: Module("GPL", "Example Corp.", "Wraps a GPL-only export in a plain one")]

namespace GplShim;

/// <summary>Loads, because it may use what it uses.</summary>
public sealed class GplShimModule : IModule
{
    public void Init(ModuleContext context) => context.Log("is loaded");

    public void Exit()
    {
    }
}

/// <summary>
/// Says "plain" and hides the GPL-only type behind <see cref="object"/>. The loader looks into its code, finds what it
/// wraps, and treats it as GPL-only. The analyzer, which is off for this sample, reports it as HMM0003.
/// </summary>
[ExportSymbol]
public static class Shim
{
    public static void Complete(object batch) => ((CopyBatch)batch).CompleteAll();
}
