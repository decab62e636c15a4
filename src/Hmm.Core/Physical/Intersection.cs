// SPDX-License-Identifier: GPL-2.0-or-later
namespace Hmm.Core.Physical;

/// <summary>
/// How a span of addresses meets the resources of one kind (Linux: <c>region_intersects</c>).
/// </summary>
internal enum Intersection
{
    /// <summary>No byte of the span belongs to the kind.</summary>
    Disjoint,

    /// <summary>Some bytes belong to the kind, and every other byte is unclaimed.</summary>
    Intersects,

    /// <summary>
    /// Some bytes belong to the kind, and some to resources that are neither of it nor nested in
    /// it.
    /// </summary>
    Mixed,
}
