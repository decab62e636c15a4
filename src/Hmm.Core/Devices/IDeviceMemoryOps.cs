// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Physical;

namespace Hmm.Core.Devices;

/// <summary>
/// The hooks of device memory: what a driver implements. The counterpart of Linux's <c>dev_pagemap_ops</c>
/// (<c>migrate_to_ram</c>, <c>folio_free</c>), with the copy in both directions handed over as descriptors.
/// </summary>
/// <remarks>
/// Must: return soon; a hook that waits for a device stops every fault behind it, so device I/O completes later, from
/// any thread, in any order. Must: complete every segment exactly once, with <see cref="Hmm.Uapi.Errno.None"/> or the
/// error. May: complete inline, before returning. Must not: throw; an exception is a defect of the driver, ends the
/// host and names the driver. Thread-safety: hooks are called from several threads at once.
/// </remarks>
[ExportSymbolGpl]
public interface IDeviceMemoryOps
{
    /// <summary>
    /// The CPU touched pages that live in these frames: read each segment's frames into its buffer. Segment 0 holds
    /// the page that a thread is waiting for, if one is.
    /// </summary>
    void Fault(CopyBatch batch);

    /// <summary>
    /// Pages leave DRAM: write each segment's buffer to its frames. Complete when a read would
    /// return it. Pages that are not for this device may be turned down one by one
    /// (<see cref="CopyBatch.Refuse"/>) and go to the next.
    /// </summary>
    void Evict(CopyBatch batch);

    /// <summary>
    /// The last reference to these frames went, once. The driver may forget what they hold; the core may hand them out
    /// again as soon as this returns.
    /// </summary>
    void Free(Pfn first, int frameCount);
}
