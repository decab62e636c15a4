// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

namespace Hmm.Core.Devices;

/// <summary>
/// Further hooks of device memory whose pages can go to another device, and come from one, as they are kept: neither
/// end decodes them and encodes them again. Where one end lacks these hooks, or the ends share no encoding, the core
/// moves pages through a bounce buffer, by <see cref="IDeviceMemoryOps.Fault"/> and
/// <see cref="IDeviceMemoryOps.Evict"/>.
/// </summary>
/// <remarks>
/// Coherent memory, which is read where it lies, is plain, and pages go to and from it through a bounce buffer.
/// As in <see cref="IDeviceMemoryOps"/>: hooks return soon, do not throw, and complete every segment exactly once. What
/// a device was handed it can give back decoded by itself, when the other device has long gone.
/// </remarks>
[ExportSymbolGpl]
public interface IPeerMemoryOps : IDeviceMemoryOps
{
    /// <summary>How it keeps most of the pages that it is handed by <see cref="IDeviceMemoryOps.Evict"/>.</summary>
    PageEncoding Encoding { get; }

    /// <summary>
    /// Whether it can keep pages that are encoded so, as they are, and decode them when they are wanted. Always the
    /// same answer.
    /// </summary>
    bool Accepts(PageEncoding encoding);

    /// <summary>
    /// Read each segment's frames into its buffer as they are kept, and say of each by
    /// <see cref="PeerBatch.PageAt"/> how that is. A page whose encoding the batch does not accept
    /// (<see cref="PeerBatch.Accepts"/>) is decoded. A page that is found damaged fails its segment.
    /// </summary>
    void Export(PeerBatch batch);

    /// <summary>
    /// Write each segment's buffer to its frames; <see cref="PeerBatch.PageAt"/> says of each how its bytes stand: in
    /// an encoding that this device accepts, or plain. As in <see cref="IDeviceMemoryOps.Evict"/>, pages may be turned
    /// down one by one.
    /// </summary>
    void Import(PeerBatch batch);
}
