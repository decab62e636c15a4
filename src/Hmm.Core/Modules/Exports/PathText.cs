// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Core.Modules.Metadata;

namespace Hmm.Core.Modules.Exports;

/// <summary>A path through the call graph as text.</summary>
internal static class PathText
{
    public static string Of(IEnumerable<MemberDef> path) => string.Join(" -> ", path.Select(m => m.Symbol));
}
