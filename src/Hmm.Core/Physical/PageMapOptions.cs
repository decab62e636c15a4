// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Devices;
using Hmm.Core.Modules;

namespace Hmm.Core.Physical;

/// <summary>
/// What a driver asks <see cref="PageMap.Create"/> for (Linux: the fields of <c>dev_pagemap</c>).
/// </summary>
[ExportSymbolGpl]
public sealed class PageMapOptions
{
    /// <summary>The driver's or device's name; messages name it.</summary>
    public required string Name { get; init; }

    /// <summary>What the frames are.</summary>
    public required PageMapType Type { get; init; }

    /// <summary>
    /// The owner tag: who may touch the frames, compared by identity. Keep it to yourself, or use
    /// the device.
    /// </summary>
    public required object Owner { get; init; }

    /// <summary>The spans, 1 to <see cref="PageMap.SpansMax"/>, not overlapping.</summary>
    public required IReadOnlyList<PageMapSpan> Spans { get; init; }

    /// <summary>
    /// The hooks: required for private and coherent memory; the others need them only to hear of
    /// frees.
    /// </summary>
    public IDeviceMemoryOps? Ops { get; init; }

    /// <summary>
    /// log2 of how many 4 KiB frames share one piece of metadata, 0 (default) to 9: they are handed
    /// out, referenced and freed together, and cost proportionally less.
    /// </summary>
    public int FrameOrder { get; init; }

    /// <summary>
    /// Where to keep the metadata; null (default) for the host's memory. Only with one span.
    /// </summary>
    public AltMap? AltMap { get; init; }
}
