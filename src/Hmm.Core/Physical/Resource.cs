// SPDX-License-Identifier: GPL-2.0-or-later
using System.Globalization;
using Hmm.Core.Modules;

namespace Hmm.Core.Physical;

/// <summary>
/// A named span of the host's physical address space (Linux: <c>struct resource</c>). Made by
/// <see cref="ResourceTree.Request"/>, valid until <see cref="ResourceTree.Release"/>.
/// </summary>
/// <remarks>
/// Name, bounds and kind never change. The links belong to the tree.
/// Invariants: children lie inside, are sorted by <see cref="Start"/> and do not overlap.
/// </remarks>
[ExportSymbol]
public sealed class Resource
{
    internal Resource(string name, ulong start, ulong end, ResourceKind kind, Resource? container)
    {
        Name = name;
        Start = start;
        End = end;
        Kind = kind;
        Container = container;
    }

    /// <summary>What the owner calls it, for people.</summary>
    public string Name { get; }

    /// <summary>The first byte's physical address.</summary>
    public ulong Start { get; }

    /// <summary>The last byte's physical address: inclusive, as in <c>/proc/iomem</c>.</summary>
    public ulong End { get; }

    /// <summary>What it is made of.</summary>
    public ResourceKind Kind { get; }

    /// <summary>The resource that it is nested in, or null at the top.</summary>
    public Resource? Parent => Container?.Container is null ? null : Container;

    /// <summary>The length in bytes, at least 1.</summary>
    public ulong SizeBytes => End - Start + 1;

    /// <summary>The parent or the tree's root; null for the root and after release.</summary>
    internal Resource? Container { get; set; } // Guarded by: the tree's gate

    /// <summary>
    /// The page map that stands on this span: while there is one, the span cannot be released.
    /// </summary>
    internal string? Holder { get; set; } // Guarded by: the tree's gate

    internal List<Resource> Children { get; } = []; // Guarded by: the tree's gate

    /// <summary>The line of <c>/proc/iomem</c>: bounds and name.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Start:x8}-{End:x8} : {Name}");

    internal bool Contains(ulong address) => address >= Start && address <= End;

    /// <summary>
    /// The index of the first child that ends at or after <paramref name="address"/>.
    /// </summary>
    internal int FirstChildEndingAtOrAfter(ulong address)
    {
        var low = 0;
        var high = Children.Count;
        while (low < high)
        {
            var middle = (int)(((uint)low + (uint)high) >> 1);
            if (Children[middle].End < address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
