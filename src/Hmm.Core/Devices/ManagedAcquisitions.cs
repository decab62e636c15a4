// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Physical;

namespace Hmm.Core.Devices;

/// <summary>
/// The managed form of every acquisition in the core: acquire and register the undo, or do neither
/// (Linux: the <c>devm_</c> functions). Errors are those of the acquisition and of
/// <see cref="ManagedResources.Add"/>.
/// </summary>
internal static class ManagedAcquisitions
{
    /// <summary><see cref="ResourceTree.Request"/>, released with the list.</summary>
    public static Resource Request(
        this ManagedResources managed,
        ResourceTree resources,
        Resource? parent,
        ulong start,
        ulong size,
        string name,
        ResourceKind kind)
    {
        ArgumentNullException.ThrowIfNull(managed);
        ArgumentNullException.ThrowIfNull(resources);
        var resource = resources.Request(parent, start, size, name, kind);
        managed.Add(() => resources.Release(resource), $"resource {resource}");
        return resource;
    }

    /// <summary><see cref="ResourceTree.RequestFree"/>, released with the list.</summary>
    public static Resource RequestFree(
        this ManagedResources managed,
        ResourceTree resources,
        ulong size,
        ulong alignment,
        string name,
        ResourceKind kind,
        SearchDirection direction = SearchDirection.TopDown,
        Resource? parent = null)
    {
        ArgumentNullException.ThrowIfNull(managed);
        ArgumentNullException.ThrowIfNull(resources);
        var resource = resources.RequestFree(size, alignment, name, kind, direction, parent);
        managed.Add(() => resources.Release(resource), $"resource {resource}");
        return resource;
    }

    /// <summary>
    /// <see cref="PageMap.Create"/>, removed with the list (Linux: <c>devm_memremap_pages</c>).
    /// </summary>
    public static PageMap CreatePageMap(this ManagedResources managed, PhysicalMemory memory, PageMapOptions options)
    {
        ArgumentNullException.ThrowIfNull(managed);
        var map = PageMap.Create(memory, options);
        managed.Add(map.Remove, $"page map of '{map.Name}'");
        return map;
    }
}
