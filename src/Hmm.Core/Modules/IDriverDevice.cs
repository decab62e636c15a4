// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Physical;

namespace Hmm.Core.Modules;

/// <summary>
/// A device that a driver created: the hooks of its device memory, how large it is, and its end.
/// </summary>
/// <remarks>
/// The order of its life, which the host keeps: created -> <see cref="Attach"/>, once -> hooks, from several threads ->
/// the last hook has returned and the last segment is complete -> disposed, once.
/// </remarks>
[ExportSymbolGpl]
public interface IDriverDevice : IDeviceMemoryOps, IDisposable
{
    /// <summary>
    /// The size of its memory: a positive multiple of <see cref="Pfn.SizeBytes"/>, the same for its
    /// whole life.
    /// </summary>
    ulong SizeBytes { get; }

    /// <summary>
    /// Tells the device where its memory stands: frame <paramref name="first"/> is its byte 0, and the frames follow
    /// each other without a gap.
    /// </summary>
    void Attach(Pfn first);
}
