// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Physical;

namespace Hmm.Core.Devices;

/// <summary>
/// An open range of a persistent device, as its last checkpoint has it: read through the fault hook, page n as frame
/// n of a page map of its own, wherever on the device it is. Nothing is evicted to it; what is newer than the
/// checkpoint is in frames of the device until <see cref="Commit"/>.
/// </summary>
/// <remarks>Thread-safety: hooks from any thread; commits one at a time.</remarks>
[ExportSymbolGpl]
public interface IPersistentImage : IDeviceMemoryOps, IDisposable
{
    /// <summary>Tells the image the first frame of its page map, once, before any hook.</summary>
    void Attach(Pfn first);

    /// <summary>
    /// Makes a checkpoint: the last one with some pages replaced by frames of the device that were written. When it
    /// returns, the checkpoint is durable, the image is the new one, and the device has kept the frames. When it
    /// throws, nothing has changed.
    /// </summary>
    /// <param name="changes">The pages, rising.</param>
    /// <returns>The checkpoint's number.</returns>
    /// <exception cref="Hmm.Uapi.HmmException">
    /// ENOSPC: the device is full. EIO: it failed. EROFS: the image is of an older checkpoint.
    /// </exception>
    ulong Commit(IReadOnlyList<PersistentChange> changes);
}
