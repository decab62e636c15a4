// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.CodeAnalysis;
using Hmm.Core.Modules;
using Hmm.Uapi;

namespace Hmm.Core.Physical;

/// <summary>
/// The host's physical address space: 2^52 bytes of numbers, held as a tree of named, nested,
/// non-overlapping resources (Linux: <c>iomem_resource</c>). Numbers only: claiming a span costs no
/// memory.
/// </summary>
/// <remarks>
/// Thread-safety: every member may be called from any thread; one lock covers search and claim, so
/// a found span cannot be lost to another caller. Control path only: a claim is O(log n) to find
/// and O(n) to insert, a search is O(n).
/// Invariant: a span that carries a page map, or that has children, is never released.
/// </remarks>
[ExportSymbol]
public sealed class ResourceTree
{
    /// <summary>
    /// The size of the address space: 2^52 bytes, what 40-bit frame numbers of 4 KiB reach.
    /// </summary>
    public const ulong SizeBytes = 1UL << (Pfn.Bits + Pfn.Shift);

    private readonly Lock _gate = new();
    private readonly Resource _root = new("physical memory", 0, SizeBytes - 1, ResourceKind.Generic, null);

    /// <summary>Claims a span.</summary>
    /// <param name="parent">The resource to nest it in, or null for the top.</param>
    /// <param name="start">The first byte's address.</param>
    /// <param name="size">The length in bytes, at least 1.</param>
    /// <param name="name">What to call it.</param>
    /// <param name="kind">What it is made of.</param>
    /// <exception cref="HmmException">
    /// EINVAL: the size is 0, or the span leaves its parent, or the parent was released. ERANGE:
    /// the span ends past 2^52. EBUSY: it overlaps another resource; the message names both.
    /// </exception>
    public Resource Request(Resource? parent, ulong start, ulong size, string name, ResourceKind kind)
    {
        CheckSize(size, name);
        if (start >= SizeBytes || size > SizeBytes - start)
        {
            throw new HmmException(
                Errno.ERANGE,
                $"'{name}' asks for 0x{size:x} bytes at 0x{start:x}, past the end of the physical address space at " +
                $"0x{SizeBytes:x}");
        }

        var end = start + size - 1;
        lock (_gate)
        {
            var container = ContainerLocked(parent, name);
            if (start < container.Start || end > container.End)
            {
                throw new HmmException(
                    Errno.EINVAL,
                    $"'{name}' asks for 0x{start:x}-0x{end:x}, outside its parent {container}; claim it inside the " +
                    "parent or at the top");
            }

            var index = container.FirstChildEndingAtOrAfter(start);
            if (index < container.Children.Count && container.Children[index].Start <= end)
            {
                var other = container.Children[index];
                throw new HmmException(
                    Errno.EBUSY,
                    $"'{name}' asks for 0x{start:x}-0x{end:x}, but '{other.Name}' has " +
                    $"{other.Start:x}-{other.End:x}; choose another span or release that one");
            }

            return InsertLocked(container, index, start, end, name, kind);
        }
    }

    /// <summary>
    /// Finds a free span and claims it, in one step. Every gap is tried, so it fails only when no
    /// aligned span of that size is free (Linux: <c>request_free_mem_region</c>,
    /// <c>alloc_free_mem_region</c>).
    /// </summary>
    /// <param name="size">The length in bytes, at least 1.</param>
    /// <param name="alignment">What the start must be a multiple of: a power of two.</param>
    /// <param name="name">What to call it.</param>
    /// <param name="kind">What it is made of.</param>
    /// <param name="direction">Which end to search from.</param>
    /// <param name="parent">
    /// The resource to search in and nest it in, or null for the whole address space.
    /// </param>
    /// <exception cref="HmmException">
    /// EINVAL: the size is 0, or the parent was released. ERANGE: no free span of that size and
    /// alignment.
    /// </exception>
    internal Resource RequestFree(
        ulong size,
        ulong alignment,
        string name,
        ResourceKind kind,
        SearchDirection direction = SearchDirection.TopDown,
        Resource? parent = null)
    {
        CheckSize(size, name);
        if (!ulong.IsPow2(alignment))
        {
            throw new ArgumentOutOfRangeException(nameof(alignment), alignment, "An alignment is a power of two.");
        }

        lock (_gate)
        {
            var container = ContainerLocked(parent, name);

            // Gap g lies between child g - 1 and child g; the first and last are bounded by the
            // container.
            var gaps = container.Children.Count + 1;
            for (var i = 0; i < gaps; i++)
            {
                var gap = direction == SearchDirection.TopDown ? gaps - 1 - i : i;
                if (TryFitLocked(container, gap, size, alignment, direction, out var start))
                {
                    return InsertLocked(container, gap, start, start + size - 1, name, kind);
                }
            }

            throw new HmmException(
                Errno.ERANGE,
                $"'{name}' asks for 0x{size:x} bytes aligned to 0x{alignment:x}, and '{container.Name}' has no such " +
                "free span; release a resource or ask for less");
        }
    }

    /// <summary>Gives a span back.</summary>
    /// <exception cref="HmmException">
    /// EBUSY: a page map stands on it, or resources are nested in it; the message names them.
    /// </exception>
    /// <exception cref="InvalidOperationException">It was released before.</exception>
    public void Release(Resource resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        lock (_gate)
        {
            if (!IsClaimedLocked(resource))
            {
                throw new InvalidOperationException(
                    $"The resource {resource} was released before, or is another tree's.");
            }

            var container = resource.Container!;
            if (resource.Holder is { } holder)
            {
                throw new HmmException(
                    Errno.EBUSY,
                    $"{resource} carries the page map of '{holder}'; remove the page map first");
            }

            if (resource.Children.Count > 0)
            {
                throw new HmmException(
                    Errno.EBUSY,
                    $"{resource} contains '{resource.Children[0].Name}'; release what is nested in it first");
            }

            var index = container.FirstChildEndingAtOrAfter(resource.Start);
            Corruption.Require(container.Children[index] == resource, "a claimed resource is where its start says");
            container.Children.RemoveAt(index);
            resource.Container = null;
        }
    }

    /// <summary>
    /// How a span meets the resources of a kind, at any depth. What is nested in a resource of the
    /// kind counts as it.
    /// </summary>
    /// <param name="start">The first byte's address.</param>
    /// <param name="size">The length in bytes, at least 1; the span ends at most at 2^52.</param>
    /// <param name="kind">The kind.</param>
    internal Intersection Intersects(ulong start, ulong size, ResourceKind kind)
    {
        ArgumentOutOfRangeException.ThrowIfZero(size);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(start, SizeBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, SizeBytes - start);
        var end = start + size - 1;
        var ofKind = false;
        var ofOther = false;
        lock (_gate)
        {
            for (var address = start; address <= end && !(ofKind && ofOther);)
            {
                var (claimed, matches, last) = DescribeLocked(address, kind);
                ofKind |= matches;
                ofOther |= claimed && !matches;
                address = last + 1;
            }
        }

        return (ofKind, ofOther) switch
        {
            (false, _) => Intersection.Disjoint,
            (true, false) => Intersection.Intersects,
            (true, true) => Intersection.Mixed,
        };
    }

    /// <summary>
    /// Every resource in address order, each before what is nested in it: a consistent snapshot.
    /// </summary>
    public IReadOnlyList<ResourceEntry> Walk()
    {
        var entries = new List<ResourceEntry>();
        var pending = new Stack<ResourceEntry>();
        lock (_gate)
        {
            PushChildren(_root, 0);
            while (pending.TryPop(out var entry))
            {
                entries.Add(entry);
                PushChildren(entry.Resource, entry.Depth + 1);
            }
        }

        return entries;

        void PushChildren(Resource resource, int depth)
        {
            for (var i = resource.Children.Count - 1; i >= 0; i--)
            {
                pending.Push(new ResourceEntry(resource.Children[i], depth));
            }
        }
    }

    /// <summary>
    /// Notes that a page map stands on a span, so that <see cref="Release"/> refuses it.
    /// </summary>
    internal void Hold(Resource resource, string holder)
    {
        lock (_gate)
        {
            if (!IsClaimedLocked(resource))
            {
                throw new HmmException(
                    Errno.EINVAL,
                    $"'{holder}' asks for a page map on {resource}, which was released; claim the span first");
            }

            if (resource.Holder is { } other)
            {
                throw new HmmException(
                    Errno.EBUSY,
                    $"'{holder}' asks for a page map on {resource}, which carries the page map of '{other}'; remove " +
                    "that one first");
            }

            resource.Holder = holder;
        }
    }

    internal void Unhold(Resource resource)
    {
        lock (_gate)
        {
            Corruption.Require(resource.Holder is not null, "a span is let go by the page map that holds it, once");
            resource.Holder = null;
        }
    }

    private static void CheckSize(ulong size, [NotNull] string? name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (size == 0)
        {
            throw new HmmException(
                Errno.EINVAL,
                $"'{name}' asks for 0 bytes of physical address space; ask for at least 1");
        }
    }

    private static Resource InsertLocked(
        Resource container,
        int index,
        ulong start,
        ulong end,
        string name,
        ResourceKind kind)
    {
        var children = container.Children;
        Corruption.Require(index == 0 || children[index - 1].End < start, "a resource starts after the one before it");
        Corruption.Require(
            index == children.Count || children[index].Start > end,
            "a resource ends before the one after it");
        var resource = new Resource(name, start, end, kind, container);
        children.Insert(index, resource);
        return resource;
    }

    private static bool TryFitLocked(
        Resource container,
        int gap,
        ulong size,
        ulong alignment,
        SearchDirection direction,
        out ulong start)
    {
        start = 0;
        var children = container.Children;
        var low = gap == 0 ? container.Start : children[gap - 1].End + 1;
        var highExclusive = gap == children.Count ? container.End + 1 : children[gap].Start;
        var lowest = (low + alignment - 1) & ~(alignment - 1);

        // A wrapped `lowest` (an alignment near 2^64) is below `low` and fits nothing.
        if (lowest < low || lowest > highExclusive || highExclusive - lowest < size)
        {
            return false;
        }

        start = direction == SearchDirection.TopDown ? (highExclusive - size) & ~(alignment - 1) : lowest;
        return true;
    }

    /// <summary>
    /// Whether a resource hangs in this tree: it was neither released nor made by another tree.
    /// </summary>
    private bool IsClaimedLocked(Resource resource)
    {
        var at = resource;
        while (at.Container is { } container)
        {
            at = container;
        }

        return at == _root && resource != _root;
    }

    private Resource ContainerLocked(Resource? parent, string name)
    {
        if (parent is null)
        {
            return _root;
        }

        return IsClaimedLocked(parent)
            ? parent
            : throw new HmmException(
                Errno.EINVAL,
                $"'{name}' asks for a span inside {parent}, which was released; claim the parent first");
    }

    /// <summary>
    /// What stands at an address: whether anything claims it, whether anything of the kind does,
    /// and the last address for which the same answer holds.
    /// </summary>
    private (bool Claimed, bool Matches, ulong Last) DescribeLocked(ulong address, ResourceKind kind)
    {
        var resource = _root;
        var claimed = false;
        while (true)
        {
            var index = resource.FirstChildEndingAtOrAfter(address);
            if (index == resource.Children.Count)
            {
                return (claimed, false, resource.End);
            }

            var child = resource.Children[index];
            if (!child.Contains(address))
            {
                return (claimed, false, child.Start - 1);
            }

            if (child.Kind == kind)
            {
                return (true, true, child.End);
            }

            claimed = true;
            resource = child;
        }
    }
}
