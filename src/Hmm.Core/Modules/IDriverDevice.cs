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
    /// Where the CPU reaches its byte 0, aligned to 4096, for memory that the CPU can map (coherent memory); 0, the
    /// default, for memory that it cannot (private memory).
    /// </summary>
    nint CpuAddress => 0;

    /// <summary>
    /// What people should know about it now, in a few words: where it is, how it is reached, and why not better.
    /// <c>hmm devices</c> shows the first 63 bytes. Empty, the default: what it was made with is shown. Called from any
    /// thread.
    /// </summary>
    string Description => string.Empty;

    /// <summary>
    /// Where the medium is in the machine: what stands between it and DRAM, outermost first, as below Linux's
    /// <c>/sys/devices</c>: <c>pci0000:00/0000:00:04.0/nvme0</c>. Empty, the default: in DRAM. How far two devices are
    /// from each other is counted in steps of this path. The same for its whole life.
    /// </summary>
    string Location => string.Empty;

    /// <summary>
    /// How full its medium is, in thousandths, where that is not what its frames say: compressed memory is full when
    /// its bytes are. From 15/16 on its coldest pages sink to the next device, so that new ones keep finding room. 0,
    /// the default: the frames say it. Called from any thread, often.
    /// </summary>
    int FullPermille => 0;

    /// <summary>
    /// Tells the device which device memory it has become: frame <c>first + n</c> is its page n, and
    /// <see cref="DeviceMemory.DriverWord"/> holds 64 bits of its own for each.
    /// </summary>
    /// <param name="memory">The device memory.</param>
    /// <param name="first">Its first frame.</param>
    void Attach(DeviceMemory memory, Pfn first);
}
