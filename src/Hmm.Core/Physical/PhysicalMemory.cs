// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Modules;

namespace Hmm.Core.Physical;

/// <summary>
/// The root of everything physical: the address space and the page maps on it. One per host;
/// nothing here is static, so tests run many side by side.
/// </summary>
/// <remarks>Thread-safety: its parts are safe; the links never change.</remarks>
[ExportSymbol]
public sealed class PhysicalMemory
{
    /// <summary>Creates an address space whose first span is System RAM.</summary>
    /// <param name="systemRamBytes">The DRAM pool, rounded up to whole frames; at least 1.</param>
    /// <exception cref="Hmm.Uapi.HmmException">
    /// EINVAL: 0 bytes. ERANGE: more than the address space has.
    /// </exception>
    public PhysicalMemory(ulong systemRamBytes)
    {
        var size = (systemRamBytes + Pfn.SizeBytes - 1) & ~(ulong)(Pfn.SizeBytes - 1);
        SystemRam = Resources.Request(null, 0, Math.Max(size, systemRamBytes), "System RAM", ResourceKind.SystemRam);
    }

    /// <summary>The named spans of the address space.</summary>
    public ResourceTree Resources { get; } = new();

    /// <summary>The DRAM pool's span. No page map may touch it.</summary>
    public Resource SystemRam { get; }

    /// <summary>The memory that copies between DRAM and devices go through; set before the first device.</summary>
    internal IReadOnlyList<CopyBuffers> CopyBuffers { get; set; } = [];

    /// <summary>Frame number to page map.</summary>
    internal PageMapIndex PageMaps { get; } = new();
}
