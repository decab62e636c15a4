// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Hmm.Core.Devices;
using Hmm.Core.Modules;
using Hmm.Uapi;

namespace Hmm.Core.Physical;

/// <summary>
/// Metadata for every frame of one or more spans of the physical address space: type, owner tag,
/// hooks, allocation, references (Linux: <c>dev_pagemap</c> and <c>memremap_pages</c>). This file
/// is what a page map is; frames are in <c>PageMap.Frames.cs</c>, set-up and teardown in
/// <c>PageMap.Lifetime.cs</c>.
/// </summary>
/// <remarks>
/// Thread-safety: every member from any thread, except that <see cref="Remove"/> waits for every
/// holder of a frame. Frame numbers and counts are in frames of 4 KiB whatever the map's frame
/// order; both are then multiples of a unit.
/// Invariants: lifetime references == units handed out + transient users; a frame with a holder is
/// findable through the index and has memory behind it.
/// </remarks>
[ExportSymbolGpl]
public sealed partial class PageMap
{
    /// <summary>The most spans of a map: 64. They are searched one after the other.</summary>
    public const int SpansMax = 64;

    /// <summary>
    /// What one frame's metadata costs: 24 bytes. An <see cref="AltMap"/> holds that for every
    /// unit.
    /// </summary>
    public const int MetadataBytesPerFrame = Frame.SizeBytes;

    private readonly PhysicalMemory _memory; // immutable
    private readonly int _order; // immutable

    /// <summary>The driver's or device's name.</summary>
    public string Name { get; }

    /// <summary>What the frames are.</summary>
    public PageMapType Type { get; }

    /// <summary>All frames, in frames of 4 KiB.</summary>
    public ulong FramesTotal { get; }

    /// <summary>What went through the copy hooks.</summary>
    internal CopyCounters Copies { get; } = new();

    /// <summary>Counts, in frames of 4 KiB.</summary>
    public DeviceMemoryStatistics Statistics
    {
        get
        {
            var (used, allocations, frees) = (0L, 0L, 0L);
            foreach (var span in FrameSpans)
            {
                var counts = span.Allocator.Counts;
                used += counts.Used + span.Allocator.Taken;
                allocations += counts.Allocations;
                frees += counts.Frees;
            }

            return new DeviceMemoryStatistics(
                FramesTotal,
                (ulong)used << _order,
                (ulong)allocations << _order,
                (ulong)frees << _order,
                Reference.Count);
        }
    }

    /// <summary>
    /// Whether removal began: frames are no longer handed out, and lookups find nothing.
    /// </summary>
    public bool IsDying => Stage != TeardownStage.Live;

    /// <summary>The resources under it, as given.</summary>
    public IReadOnlyList<Resource> Spans => Array.ConvertAll(FrameSpans, static span => span.Resource);

    /// <summary>The owner tag. Not public: whoever knows it may touch the frames.</summary>
    internal object Owner { get; }

    internal IDeviceMemoryOps? OpsOrNone { get; }

    /// <summary>The hooks. Only private and coherent memory is sure to have them.</summary>
    internal IDeviceMemoryOps Ops =>
        OpsOrNone ?? throw new InvalidOperationException($"The page map of '{Name}' has no hooks.");

    /// <summary>
    /// Holds the map's life: one reference for every unit handed out, and those of transient users.
    /// </summary>
    internal LifetimeReference Reference { get; }

    internal FrameSpan[] FrameSpans { get; }

    /// <summary>Whether a frame lies in one of the spans.</summary>
    public bool Contains(Pfn pfn) => TrySpanOf(pfn, out _);

    /// <summary>
    /// The linear address at which the CPU reaches a frame's first byte, or 0 where it cannot
    /// (private memory).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The frame is not in the map.</exception>
    public nint CpuAddress(Pfn pfn)
    {
        if (!TrySpanOf(pfn, out var span))
        {
            ThrowNotHere(pfn);
        }

        return span.CpuAddress == 0 ? 0 : span.CpuAddress + (nint)((pfn.Value - span.First.Value) << Pfn.Shift);
    }

    /// <summary>
    /// The driver's 64 bits of a frame that it holds. They are 0 when the frame is handed out, and
    /// valid until the free hook returns. Using those of a free frame is a defect of the driver and
    /// ends the host.
    /// </summary>
    /// <param name="pfn">The frame.</param>
    /// <param name="owner">The owner tag that the map was created with.</param>
    /// <exception cref="HmmException">
    /// EPERM: the tag is not that of the frame's page map. ENXIO: no live page map has the frame.
    /// </exception>
    public ref ulong DriverWord(Pfn pfn, object owner)
    {
        RequireOwned(pfn, owner);
        ref var frame = ref FrameOf(pfn);
        if ((frame.Flags & FrameFlags.HandedOut) == 0)
        {
            Corruption.Fail($"driver '{Name}' used {pfn}, which is free");
        }

        return ref frame.DriverWord;
    }

    /// <summary>
    /// Checks that a driver with an owner tag may touch a frame as one of this map.
    /// </summary>
    internal void RequireOwned(Pfn pfn, object owner)
    {
        ArgumentNullException.ThrowIfNull(owner);
        if (ReferenceEquals(owner, Owner) && Contains(pfn))
        {
            return;
        }

        var map = Contains(pfn) ? this : _memory.PageMaps.Find(pfn);
        if (map is null)
        {
            throw new HmmException(
                Errno.ENXIO,
                $"no live page map has {pfn}, which was looked for in that of '{Name}'");
        }

        throw new HmmException(
            Errno.EPERM,
            $"{pfn} belongs to '{map.Name}', and may be touched only through its page map and with its owner tag, " +
            $"not through '{Name}'");
    }

    /// <summary>
    /// The metadata of a frame. The caller holds the frame, or a lifetime reference.
    /// </summary>
    internal ref Frame FrameOf(Pfn pfn)
    {
        if (!TrySpanOf(pfn, out var span) || span.IsClosed)
        {
            FailNoFrame(pfn);
        }

        return ref span.Unit((long)((pfn.Value - span.First.Value) >> _order));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TrySpanOf(Pfn pfn, [NotNullWhen(true)] out FrameSpan? span)
    {
        var spans = FrameSpans;
        for (var i = 0; i < spans.Length; i++)
        {
            if (spans[i].Contains(pfn))
            {
                span = spans[i];
                return true;
            }
        }

        span = null;
        return false;
    }

    [DoesNotReturn]
    private void FailNoFrame(Pfn pfn) =>
        Corruption.Fail(
            $"driver '{Name}' or the core used {pfn}, which its page map does not have, or no longer: it was removed");

    [DoesNotReturn]
    private void ThrowNotHere(Pfn pfn) =>
        throw new ArgumentOutOfRangeException(nameof(pfn), pfn, $"The page map of '{Name}' does not have the frame.");
}
