// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

namespace Hmm.Core.Devices;

/// <summary>
/// Counts of one <see cref="DeviceMemory"/>, in frames of 4 KiB. Each is exact; together they may
/// be torn.
/// </summary>
/// <param name="FramesTotal">All frames.</param>
/// <param name="FramesUsed">Those handed out, and those that the device has taken for itself.</param>
/// <param name="Allocations">Frames ever handed out.</param>
/// <param name="Frees">Frames that ever came back.</param>
/// <param name="References">
/// References on the page map's life: the frames handed out, and users in passing.
/// </param>
[ExportSymbol]
public readonly record struct DeviceMemoryStatistics(
    ulong FramesTotal,
    ulong FramesUsed,
    ulong Allocations,
    ulong Frees,
    long References)
{
    /// <summary>Those that can be handed out.</summary>
    public ulong FramesFree => FramesTotal - FramesUsed;
}
