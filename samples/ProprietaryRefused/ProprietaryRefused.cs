// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Modules;
using Hmm.Core.Physical;

[assembly: Module("Proprietary", "Example Corp.", "Reaches for GPL-only exports, so it is refused")]

namespace ProprietaryRefused;

/// <summary>
/// It would hook faults and frees. The loader refuses it with the list of symbols that do not exist for it; the
/// analyzer, which is off for this sample, reports each of them as HMM0005.
/// </summary>
public sealed class ProprietaryRefusedModule : IModule, IDeviceMemoryOps
{
    public void Init(ModuleContext context) => context.Log("never runs");

    public void Exit()
    {
    }

    public void Fault(CopyBatch batch) => batch.CompleteAll();

    public void Evict(CopyBatch batch) => batch.CompleteAll();

    public void Free(Pfn first, int frameCount)
    {
    }
}
