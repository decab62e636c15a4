// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules;

namespace Hmm.Core.Physical;

/// <summary>One line of <see cref="ResourceTree.Walk"/>.</summary>
/// <param name="Resource">The resource.</param>
/// <param name="Depth">How many resources it is nested in: 0 at the top.</param>
[ExportSymbol]
public readonly record struct ResourceEntry(Resource Resource, int Depth);
