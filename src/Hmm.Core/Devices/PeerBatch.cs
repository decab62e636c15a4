// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using Hmm.Core.Modules;
using Hmm.Core.Physical;

namespace Hmm.Core.Devices;

/// <summary>
/// A batch whose pages go from one device to another: handed to the first one's
/// <see cref="IPeerMemoryOps.Export"/>, then, with other segments over the same buffers, to the second one's
/// <see cref="IPeerMemoryOps.Import"/>.
/// </summary>
/// <remarks>
/// Ownership and threads: as <see cref="CopyBatch"/>; what is said of a page is whose its segment is.
/// </remarks>
[ExportSymbolGpl]
public abstract class PeerBatch : CopyBatch
{
    private readonly EncodedPage[] _pages = new EncodedPage[FramesMax]; // Guarded by: the holder of the frame's segment
    private nint _origin; // Guarded by: owner until handed over
    private IPeerMemoryOps? _taker; // Guarded by: owner until handed over

    /// <summary>
    /// Whether it was handed to <see cref="IPeerMemoryOps.Export"/> or <see cref="IPeerMemoryOps.Import"/>; the core
    /// hands the same batches to the other hooks too.
    /// </summary>
    public bool IsEncoded => _taker is not null;

    /// <summary>Whether the device that the pages go to takes them in an encoding.</summary>
    public bool Accepts(PageEncoding encoding) => _taker is { } taker && taker.Accepts(encoding);

    /// <summary>What is said of a page: written in an export, read in an import.</summary>
    /// <param name="index">The segment.</param>
    /// <param name="frame">The frame in the segment, from 0.</param>
    public ref EncodedPage PageAt(int index, int frame)
    {
        if ((uint)index >= (uint)Count || (uint)frame >= (uint)this[index].FrameCount)
        {
            ThrowNoSuchPage(frame);
        }

        return ref PageOf(this[index].Buffer + ((nint)frame << Pfn.Shift));
    }

    /// <summary>What is said of the page in a place of the buffer.</summary>
    private protected ref EncodedPage PageOf(nint buffer) => ref _pages[(buffer - _origin) >> Pfn.Shift];

    /// <summary>Says that pages are handed over as they are kept; before the batch is.</summary>
    /// <param name="taker">Where they go.</param>
    /// <param name="origin">The first byte of the buffer that all segments lie in, <see cref="CopyBatch.FramesMax"/>
    /// frames at most.</param>
    private protected void BeginEncoded(IPeerMemoryOps taker, nint origin) => (_taker, _origin) = (taker, origin);

    /// <summary>Says that they are not.</summary>
    private protected void EndEncoded() => _taker = null;

    [DoesNotReturn]
    private static void ThrowNoSuchPage(int frame) =>
        throw new ArgumentOutOfRangeException(
            nameof(frame), frame, "The batch has no such segment, or it no such frame.");
}
