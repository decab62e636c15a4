// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Core.Physical;

/// <summary>What <see cref="PageMap.Create"/> refuses before it acquires anything.</summary>
internal static class PageMapRules
{
    public static void Check(PhysicalMemory memory, PageMapOptions options)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(options.Name);
        ArgumentNullException.ThrowIfNull(options.Spans);
        var name = options.Name;
        Require(options.Owner is not null, name, "it has no owner tag; give the device");
        Require(
            options.Spans.Count is > 0 and <= PageMap.SpansMax,
            name,
            $"it has {options.Spans.Count} spans; give 1 to {PageMap.SpansMax}");
        Require(
            options.FrameOrder is >= 0 and <= FrameAllocator.OrderMax,
            name,
            $"its frame order is {options.FrameOrder}; give 0 to {FrameAllocator.OrderMax}");
        Require(
            options.Ops is not null || options.Type is not (PageMapType.Private or PageMapType.Coherent),
            name,
            $"{options.Type} memory needs fault, evict and free hooks; give them");
        CheckAltMap(options);
        foreach (var span in options.Spans)
        {
            CheckSpan(memory, options, span);
        }
    }

    private static void CheckAltMap(PageMapOptions options)
    {
        if (options.AltMap is not { } altMap)
        {
            return;
        }

        Require(
            options.Spans.Count == 1,
            options.Name,
            "an altmap holds the metadata of one span only; split the page map");
        Require(
            altMap.Address != 0 && altMap.Address % 8 == 0,
            options.Name,
            $"its altmap at 0x{altMap.Address:x} is not aligned to 8; align it");
    }

    private static void CheckSpan(PhysicalMemory memory, PageMapOptions options, PageMapSpan span)
    {
        ArgumentNullException.ThrowIfNull(span.Resource);
        var (name, resource) = (options.Name, span.Resource);
        var ram = memory.Resources.Intersects(resource.Start, resource.SizeBytes, ResourceKind.SystemRam);
        if (ram != Intersection.Disjoint)
        {
            throw new HmmException(
                Errno.ENXIO,
                $"'{name}' asks for a page map on {resource}, which touches System RAM; claim a span outside it");
        }

        Require(
            KindFits(options.Type, resource.Kind),
            name,
            $"{resource} is of kind {resource.Kind}, which does not fit {options.Type} memory; claim it with the " +
            "kind that does");
        var unitBytes = (ulong)Pfn.SizeBytes << options.FrameOrder;
        Require(
            ((resource.Start | resource.SizeBytes) & (unitBytes - 1)) == 0,
            name,
            $"{resource} is not made of whole frames of {unitBytes} bytes; align its start and size");
        var isMapped = span.CpuAddress != 0;
        Require(
            isMapped || options.Type != PageMapType.Coherent,
            name,
            $"{resource} is coherent memory without a CPU address; give the address of its first byte");
        Require(
            !isMapped || options.Type != PageMapType.Private,
            name,
            $"{resource} is private memory with a CPU address; use coherent memory where the CPU can reach it");
        Require(
            span.CpuAddress % Pfn.SizeBytes == 0,
            name,
            $"the CPU address 0x{span.CpuAddress:x} of {resource} is not aligned to {Pfn.SizeBytes}; align it");
    }

    private static bool KindFits(PageMapType type, ResourceKind kind) => type switch
    {
        PageMapType.Private => kind == ResourceKind.DevicePrivate,
        PageMapType.Coherent => kind == ResourceKind.DeviceCoherent,
        PageMapType.Peer => kind == ResourceKind.PeerMemory,
        PageMapType.Generic => kind is ResourceKind.Generic or ResourceKind.Reserved,
        _ => false,
    };

    private static void Require(bool holds, string name, string why)
    {
        if (!holds)
        {
            throw new HmmException(Errno.EINVAL, $"the page map of '{name}' is refused: {why}");
        }
    }
}
