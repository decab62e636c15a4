// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

namespace Hmm.Core.Devices;

/// <summary>
/// A device whose memory outlives the host: it holds named ranges, each as it was at its checkpoints. Pages of other
/// ranges do not go to it.
/// </summary>
/// <remarks>Thread-safety: every member from any thread, from <see cref="IDriverDevice.Attach"/> on.</remarks>
[ExportSymbolGpl]
public interface IPersistentDevice : IDriverDevice
{
    /// <summary>The checkpoints it holds, by name and then oldest first.</summary>
    IReadOnlyList<PersistentCheckpoint> Checkpoints { get; }

    /// <summary>Opens a range at its last checkpoint to go on from there, or at an older one to look at it.</summary>
    /// <param name="wanted">
    /// Name, length and owner. Its sequence is 0 for the last checkpoint, of zeros where there is none yet, and
    /// otherwise that of the one to look at.
    /// </param>
    /// <returns>The image; its caller disposes it.</returns>
    /// <exception cref="Hmm.Uapi.HmmException">
    /// EBUSY: it is open already. ENOENT: there is no such checkpoint. EINVAL: it has another length or element.
    /// EACCES: it is another user's. EIO: it cannot be read.
    /// </exception>
    IPersistentImage OpenImage(PersistentCheckpoint wanted);
}
