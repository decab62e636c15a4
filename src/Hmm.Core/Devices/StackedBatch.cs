// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

namespace Hmm.Core.Devices;

/// <summary>
/// A batch that a driver makes itself, for the hooks of a device that it stands on: some segments of a batch that it
/// was handed, or the same with other buffers. Reusable once it is complete.
/// </summary>
/// <remarks>
/// The order: <see cref="Clear"/> -> <see cref="Add"/>, for each segment -> <see cref="Begin"/> -> the other device's
/// hook -> <see cref="Completed"/>. No more than <see cref="CopyBatch.EvictionsMax"/> evictions may be under way in the
/// other device at a time, also where one's own batch becomes several.
/// Thread-safety: none before <see cref="Begin"/>; then that of <see cref="CopyBatch"/>.
/// </remarks>
[ExportSymbolGpl(Namespace = "Hmm.Stacking")]
public abstract class StackedBatch : CopyBatch
{
    /// <summary>Takes every segment out; not while the batch is under way.</summary>
    protected void Clear() => ResetSegments();

    /// <summary>Adds a segment, as <see cref="CopyBatch"/> limits them.</summary>
    /// <param name="segment">The frames and the buffer.</param>
    protected void Add(in CopySegment segment) => AddSegment(segment.First, segment.FrameCount, segment.Buffer);

    /// <summary>From here the batch belongs to the hook that it is handed to, until it is complete.</summary>
    protected void Begin() => HandOver();

    /// <summary>How a segment ended. From <see cref="Completed"/> on.</summary>
    /// <param name="index">The segment.</param>
    protected Errno ErrorAt(int index) => ErrorOf(index);

    /// <summary>Whether a frame was turned down. From <see cref="Completed"/> on.</summary>
    /// <param name="index">The segment.</param>
    /// <param name="frame">The frame in the segment, from 0.</param>
    protected bool WasRefused(int index, int frame) => IsRefused(index, frame, 1);

    /// <summary>Every segment is complete. On the thread that completed the last; must not throw.</summary>
    protected abstract void Completed();

    private protected sealed override void OnCompleted() => Completed();
}
