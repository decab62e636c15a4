// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;
using Hmm.Core.Physical;

namespace Hmm.Core.Devices;

/// <summary>
/// One descriptor of a <see cref="CopyBatch"/>: contiguous frames and the contiguous buffer they go
/// to or come from.
/// </summary>
/// <param name="First">The first frame.</param>
/// <param name="FrameCount">How many frames, 1 to <see cref="CopyBatch.FramesMax"/>.</param>
/// <param name="Buffer">
/// The buffer's address: <c>FrameCount * Pfn.SizeBytes</c> bytes, aligned to 4096. It belongs to the driver from the
/// call until it completes the segment, and to nobody else in between.
/// </param>
[ExportSymbolGpl]
public readonly record struct CopySegment(Pfn First, int FrameCount, nint Buffer)
{
    /// <summary>The buffer's length in bytes.</summary>
    public int LengthBytes => FrameCount << Pfn.Shift;
}
